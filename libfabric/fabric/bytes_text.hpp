#pragma once

#include "fabric/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Sizes as people write them: "512MiB", "64KiB", "1GiB", "2TiB", "100B" or "100". Pure.
namespace fabric {

/// The largest size that is accepted: 2^53 - 1 bytes, which every JSON reader can hold exactly.
inline constexpr std::uint64_t largest_size = (std::uint64_t{1} << 53) - 1;

/// Units: none or B, KiB, MiB, GiB, TiB (powers of 1024). No sign, space or fraction; "MB" is refused, not guessed.
/// @returns 0 .. largest_size. Otherwise errc::bad_input with an empty `where`.
expected<std::uint64_t> parse_bytes(std::string_view text);

/// Writes `bytes` in the largest unit that keeps it whole: "64MiB", "1000B". 0 is "0B".
/// What parse_bytes has read comes back as an equal size.
std::string format_bytes(std::uint64_t bytes);

} // namespace fabric
