#pragma once

#include "fabric/exec/system.hpp"
#include "fabric/time.hpp"
#include "fabric/tls/session.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

/// To reach a scheduler, with an answer in time whatever there is on the way. Blocks; any thread.
namespace fabric::tls {

/// A connection over which the scheduler has begun to speak, so it has accepted our certificate as we have its.
struct connection {
  exec::unique_fd socket; ///< Outlives the session, so it stands before it.
  std::unique_ptr<session> tls;
};

/// Resolves `host` and connects to the first address that answers, within `limit` altogether; then shakes hands and
/// waits for the first byte, within `limit` again.
/// @returns errc::unavailable in the operating system's words; errc::not_allowed if one of the two does not believe the
/// other's certificate.
expected<connection> dial(const context_ptr& who, const std::string& host, std::uint16_t port, duration limit);

} // namespace fabric::tls
