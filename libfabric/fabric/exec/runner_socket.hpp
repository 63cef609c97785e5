#pragma once

#include "fabric/exec/system.hpp"

#include <string>

/// The runner's listening socket.
namespace fabric::exec {

/// Listens at `path`, mode 0600. A socket file that nobody answers is replaced. errc::wrong_state if somebody answers,
/// errc::bad_input for a path that is too long, errc::io_error.
expected<unique_fd> listen_at(const std::string& path);

/// Whether the process at the other end has this process's effective uid.
bool same_user(int socket);

} // namespace fabric::exec
