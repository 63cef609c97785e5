#pragma once

#include "fabric/exec/ledger.hpp"
#include "fabric/exec/protocol.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// One slot's process: forks the job, reaps, kills what is left below it until waitpid says ECHILD, which is the proof
/// that nothing lives (a keeper is the subreaper of all that descends from it), then reports.
///
/// Runner and keeper talk over a socketpair in frames of the runner's protocol; those to the keeper begin with the
/// index of the attempt's ledger record. A keeper holds wall limit, lease deadline and grace itself, so that a frozen
/// runner changes nothing; when the runner is gone it ends its tree, leaves the end in the ledger, and exits.
namespace fabric::exec {

struct keeper_setup {
  int socket = -1;
  ledger* book = nullptr;
  std::string spool;
  std::string cgroup; ///< To live in; empty: none.
};

/// The keeper's whole life, in a process just forked for it.
[[noreturn]] void keep(const keeper_setup& setup);

/// A frame to a keeper is: length, record index, body.
std::string keeper_frame_head(std::uint32_t record);
/// Takes the index off a frame. nullopt if it is too short.
std::optional<std::uint32_t> take_keeper_head(std::string_view& body);

} // namespace fabric::exec
