#pragma once

#include "fabric/error.hpp"

#include <cstddef>
#include <string>

/// Files and stdin as a whole.
namespace fabric::cli {

/// @param name a path, or - for stdin. @returns errc::io_error, or errc::too_large for more than `bytes_max`.
expected<std::string> read_all(const std::string& name, std::size_t bytes_max);

} // namespace fabric::cli
