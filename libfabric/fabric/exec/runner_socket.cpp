#include "fabric/exec/runner_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace fabric::exec {

expected<unique_fd> listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(errc::bad_input, "the socket's path must have 1 to 107 bytes", path);
  path.copy(address.sun_path, path.size());
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return tl::unexpected(system_error("cannot make a socket", errno));
  const unique_fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe && ::connect(probe.get(), where, sizeof address) == 0)
    return fail(errc::wrong_state, "another process listens there", path);
  if (errno == EAGAIN) return fail(errc::wrong_state, "another process listens there", path);
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) ::unlink(path.c_str());
  const auto before = ::umask(0177);
  const int bound = ::bind(fd.get(), where, sizeof address);
  const int code = errno;
  ::umask(before);
  if (bound != 0) return tl::unexpected(system_error("cannot listen at " + path, code));
  if (::listen(fd.get(), 16) != 0) return tl::unexpected(system_error("cannot listen at " + path, errno));
  return fd;
}

bool same_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

} // namespace fabric::exec
