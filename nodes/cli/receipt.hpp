#pragma once

#include "nodes/cli/session.hpp"

#include <cstdint>

namespace fabric::cli {

/// Prints what became of one submission: the number of its job on stdout, anything unusual on stderr; with --json all
/// of it as one object on stdout.
/// @param line in the file it came from; 0 if it came from the command line.
exit_code print_receipt(session& s, std::uint64_t line, const actors::receipt& r);

} // namespace fabric::cli
