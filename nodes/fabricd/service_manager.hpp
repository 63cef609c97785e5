#pragma once

/// What a service manager wants to know of its service. Protocol: sd_notify(3).
namespace fabric::nodes {

/// Sends `state`, for example "READY=1", to the socket that NOTIFY_SOCKET names. Nothing happens without one.
void tell_service_manager(const char* state);

} // namespace fabric::nodes
