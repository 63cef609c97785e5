#pragma once

#include "fabric/error.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <string>

/// A look at a TCP port before CAF connects to it: CAF's own connect blocks for minutes on a black hole, and everything
/// of its middleman with it.
namespace fabric::actors {

/// Resolves `host`, connects to the first address that answers within `limit` altogether, and closes again.
/// @returns that address in numbers. Otherwise errc::unavailable with the operating system's words.
expected<std::string> probe(const std::string& host, std::uint16_t port, duration limit);

} // namespace fabric::actors
