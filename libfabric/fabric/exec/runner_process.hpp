#pragma once

#include "fabric/error.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

/// The fabric-runner that fabricd itself started, where no unit of its own runs it.
namespace fabric::exec {

class runner_process {
public:
  /// @param command argv, argv[0] an absolute path; empty: somebody else starts the runner.
  explicit runner_process(std::vector<std::string> command) : command_(std::move(command)) {}

  /// Starts the runner unless the one started before still lives. It gets a session of its own, so that it survives
  /// fabricd and hears nothing of its terminal. Returns what is wrong, if anything.
  std::optional<error> ensure_started();

private:
  std::vector<std::string> command_;
  pid_t pid_ = 0;
};

} // namespace fabric::exec
