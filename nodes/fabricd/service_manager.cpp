#include "nodes/fabricd/service_manager.hpp"

#include "fabric/exec/system.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace fabric::nodes {

void tell_service_manager(const char* state) {
  const char* const where = std::getenv("NOTIFY_SOCKET");
  sockaddr_un to{};
  const auto length = where == nullptr ? 0 : std::strlen(where);
  if (length < 2 || length >= sizeof(to.sun_path)) return;
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, where, length);
  if (where[0] == '@') to.sun_path[0] = '\0'; // An abstract name.
  const exec::unique_fd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  ::sendto(socket.get(), state, std::strlen(state), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), size);
}

} // namespace fabric::nodes
