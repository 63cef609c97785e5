#include "actors/client_probe.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

namespace fabric::actors {

namespace {

using clock = std::chrono::steady_clock;
using address_list = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

class socket_fd {
public:
  explicit socket_fd(int fd) : fd_(fd) {}
  ~socket_fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  socket_fd(const socket_fd&) = delete;
  socket_fd& operator=(const socket_fd&) = delete;
  int get() const { return fd_; }

private:
  int fd_;
};

/// Waits until a connect in progress is decided. Returns its errno, 0 when connected.
int outcome_of(int fd, clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
    if (left <= 0) return ETIMEDOUT;
    pollfd waiting{fd, POLLOUT, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return errno;
    if (ready <= 0) continue;
    int problem = 0;
    socklen_t size = sizeof problem;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 ? problem : errno;
  }
}

int try_one(const addrinfo& where, clock::time_point deadline) {
  const socket_fd fd{::socket(where.ai_family, where.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, where.ai_protocol)};
  if (fd.get() < 0) return errno;
  if (::connect(fd.get(), where.ai_addr, where.ai_addrlen) == 0) return 0;
  return errno == EINPROGRESS ? outcome_of(fd.get(), deadline) : errno;
}

std::string numeric(const addrinfo& where) {
  std::array<char, NI_MAXHOST> text{};
  const int failed =
      ::getnameinfo(where.ai_addr, where.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return failed != 0 ? std::string{} : text.data();
}

} // namespace

expected<std::string> probe(const std::string& host, std::uint16_t port, duration limit) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); problem != 0)
    return fail(errc::unavailable, ::gai_strerror(problem));
  const address_list all{found, &freeaddrinfo};
  const auto deadline = clock::now() + limit;
  int last = ENETUNREACH;
  for (const addrinfo* a = all.get(); a != nullptr; a = a->ai_next) {
    last = try_one(*a, deadline);
    if (last == 0) return numeric(*a);
  }
  return fail(errc::unavailable, std::strerror(last));
}

} // namespace fabric::actors
