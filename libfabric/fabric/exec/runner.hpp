#pragma once

#include "fabric/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

/// The process that owns the jobs of a node, so that they outlive `fabricd`. Single-threaded; forks one keeper per slot
/// and never a job itself. It is the subreaper of everything below: the tree of a dead keeper falls to it.
///
/// What it does with the world:
///   - one runner per ledger (file lock), one fabricd at a time (the newest), peers of its own uid only;
///   - a keeper that dies: kills its tree, proves it gone, reports `lost`, starts another one;
///   - at start: the same for every attempt in the ledger that another runner left unfinished;
///   - SIGTERM: takes no more work, ends what runs as `drained` (10 s grace), exits. A second one: at once.
namespace fabric::exec {

struct runner_options {
  std::string socket; ///< Path, at most 107 bytes.
  std::string spool;
  std::string ledger;
  std::uint32_t slots = 1;                       ///< 1..512
  std::int64_t idle_exit_us = 0;                 ///< Leave after this long without connection and attempts; 0: never.
  std::function<void(const std::string&)> log{}; ///< One line per thing an operator should know. May be empty.
};

class runner {
public:
  /// Takes the ledger and the socket, begins the sweep. errc::wrong_state if another runner is there, errc::bad_input,
  /// errc::disk_full, errc::io_error, errc::incompatible.
  static expected<std::unique_ptr<runner>> open(runner_options options);
  ~runner();

  /// Serves until it is to leave. @returns the exit code: 0, or 71 if the operating system refused what it needs.
  int serve();

private:
  class loop;
  explicit runner(std::unique_ptr<loop> l);
  std::unique_ptr<loop> loop_;
};

} // namespace fabric::exec
