#pragma once

#include "fabric/time.hpp"

#include <cstdint>
#include <string_view>

/// For how long certificates are good, and when there must be new ones. Pure.
namespace fabric::tls {

inline constexpr duration authority_length = std::chrono::hours{24 * 3650};
inline constexpr duration certificate_length = std::chrono::hours{24 * 365};

/// How far the clocks of two hosts of a cell may differ: a certificate is good that much before it was made.
inline constexpr duration clock_slack = std::chrono::hours{1};

struct validity {
  time_point from;  ///< Included.
  time_point until; ///< Included.

  bool operator==(const validity&) const = default;
};

enum class standing : std::uint8_t {
  good,
  near_end, ///< Less than a third of its time is left: it is to be replaced.
  over,
  not_yet,
};

/// Of a certificate that is made now; never longer than its authority's.
validity validity_from(time_point now, duration length, time_point authority_until) noexcept;

standing standing_of(const validity& of, time_point now) noexcept;

std::string_view to_string(standing how) noexcept;

} // namespace fabric::tls
