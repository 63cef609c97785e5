#pragma once

#include "fabric/exec/ledger.hpp"
#include "fabric/exec/proc.hpp"

#include <span>
#include <string>

/// What an attempt left behind whose keeper is dead.
namespace fabric::exec {

/// Kills what is left of an attempt: its keeper (if `spare_keeper` is not set), its main process, its cgroup, its
/// session, and whatever was started with its environment. A stray of a job whose keeper *and* runner were killed at
/// once, with an empty environment and its own session, is found through the cgroup only.
/// @param all of now.
/// @returns whether anything lived. Call it until nothing did.
bool kill_remains(const ledger_record& record, const std::string& directory, std::span<const process> all,
                  bool spare_keeper);

/// The end of an attempt whose keeper could not write it, as a frame.
std::string lost_frame(const ledger_record& record, const std::string& reason);

} // namespace fabric::exec
