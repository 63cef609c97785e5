#pragma once

#include "fabric/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// "HOST:PORT" and "[IPv6]:PORT". Pure: no name is looked up.
namespace fabric::config {

struct endpoint {
  std::string host; ///< Without the brackets of an IPv6 address.
  std::uint16_t port = 0;

  bool operator==(const endpoint&) const = default;
};

/// errc::bad_input: no port, a port outside 1..65535, an empty host, an IPv6 address without brackets.
expected<endpoint> parse_endpoint(std::string_view text);

/// Returns whether `host` is an address in numbers, IPv4 or IPv6.
bool is_address(const std::string& host);

/// Returns whether `host` is 127.0.0.0/8, ::1 or the name localhost.
bool is_loopback(const std::string& host);

} // namespace fabric::config
