#include "fabric/tls/dial.hpp"

#include "fabric/time_text.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace fabric::tls {

namespace {

using clock = std::chrono::steady_clock;
using address_list = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

/// Waits for events on a socket. @returns errno, 0 when there are some.
int await(int fd, short events, clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
    if (left <= 0) return ETIMEDOUT;
    pollfd waiting{fd, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) return errno;
  }
}

int connect_to(const addrinfo& where, clock::time_point deadline, exec::unique_fd& socket) {
  socket.reset(::socket(where.ai_family, where.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, where.ai_protocol));
  if (!socket) return errno;
  if (::connect(socket.get(), where.ai_addr, where.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (const int problem = await(socket.get(), POLLOUT, deadline); problem != 0) return problem;
  int problem = 0;
  socklen_t size = sizeof problem;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &problem, &size) == 0 ? problem : errno;
}

expected<exec::unique_fd> reach(const std::string& host, std::uint16_t port, clock::time_point deadline) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); problem != 0)
    return fail(errc::unavailable, ::gai_strerror(problem));
  const address_list all{found, &freeaddrinfo};
  exec::unique_fd socket;
  int last = ENETUNREACH;
  for (const addrinfo* a = all.get(); a != nullptr; a = a->ai_next) {
    last = connect_to(*a, deadline, socket);
    if (last == 0) return socket;
  }
  return fail(errc::unavailable, std::strerror(last));
}

/// Adds what is wrong with our own certificate, if its time tells.
std::string with_own_standing(std::string text, const context& who) {
  const auto& valid = who.own().valid;
  const auto now = std::chrono::floor<duration>(std::chrono::system_clock::now());
  const auto how = standing_of(valid, now);
  if (how == standing::over) text += "; " + who.place() + " has expired, on " + format_time(valid.until);
  if (how == standing::not_yet) text += "; " + who.place() + " is not valid before " + format_time(valid.from);
  return text;
}

/// An alert that is about our certificate, as OpenSSL words it.
bool is_about_us(const std::string& words) {
  return words.find("alert") != std::string::npos && words.find("handshake failure") == std::string::npos;
}

tl::unexpected<error> refusal(const session& s, const context& who) {
  const auto& words = s.failure();
  if (words.empty()) return fail(errc::unavailable, "the connection was closed before the handshake was over");
  if (is_about_us(words))
    return fail(errc::not_allowed, with_own_standing("it refuses this client's certificate (" + words + ")", who));
  if (words.starts_with("its certificate") || words.starts_with("who answers")) return fail(errc::not_allowed, words);
  return fail(errc::unavailable, "no TLS there: " + words);
}

} // namespace

expected<connection> dial(const context_ptr& who, const std::string& host, std::uint16_t port, duration limit) {
  auto socket = reach(host, port, clock::now() + limit);
  if (!socket) return tl::unexpected(socket.error());
  const int yes = 1;
  ::setsockopt(socket->get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  connection made{std::move(*socket), nullptr};
  made.tls = session::make(who, made.socket.get(), side::dials);
  if (!made.tls) return fail(errc::io_error, "no memory for a connection");
  const auto deadline = clock::now() + limit;
  // The handshake is over for us before the other side has looked at our certificate; its first byte says it has.
  for (auto how = made.tls->peek(); how != step::done; how = made.tls->peek()) {
    if (how == step::failed) return refusal(*made.tls, *who);
    if (const int problem = await(made.socket.get(), how == step::want_write ? POLLOUT : POLLIN, deadline))
      return fail(errc::unavailable, problem == ETIMEDOUT ? "no answer in time" : std::strerror(problem));
  }
  return made;
}

} // namespace fabric::tls
