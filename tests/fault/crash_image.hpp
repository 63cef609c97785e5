#pragma once

#include "tests/fault/recorder.hpp"

#include <map>
#include <random>
#include <span>
#include <string>

/// What a disk may hold after the power failed.
namespace fabric::fault {

using dice = std::mt19937_64;
using files = std::map<std::string, std::string>; ///< Content by path.

/// The files after a crash behind the last of `log`. What was synced is there. Of all else, each sector (512 bytes) of
/// each write is there, is not, or is there to its middle; truncations and grown sizes likewise; files were made and
/// removed up to some point in their order.
/// @param before the files, all of them synced, that the log began with.
files crash_image(const files& before, std::span<const record> log, dice& draw);

} // namespace fabric::fault
