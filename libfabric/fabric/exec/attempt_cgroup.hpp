#pragma once

#include "fabric/exec/limit_watch.hpp"
#include "fabric/exec/system.hpp"

#include <string>

/// A cgroup of one attempt's own, below its slot's, where that has the controllers that the attempt's limits need (see
/// share_out_controllers() in cgroup.hpp). The kernel then keeps memory and processes, and counts.
namespace fabric::exec {

class attempt_cgroup {
public:
  attempt_cgroup() = default; ///< None.
  /// Makes `slot`/job and sets its limits. None if the slot's cgroup hands out no controller that helps.
  attempt_cgroup(const std::string& slot, const node::attempt_limits& limits);
  attempt_cgroup(attempt_cgroup&& other) noexcept;
  attempt_cgroup& operator=(attempt_cgroup&& other) noexcept;
  ~attempt_cgroup(); ///< Removes it; by then it is empty.

  bool keeps_memory() const noexcept { return memory_; }
  bool keeps_processes() const noexcept { return processes_; }
  bool counts_cpu() const noexcept { return !path_.empty(); }
  bool any() const noexcept { return !path_.empty(); }

  /// Its cgroup.procs, for the job's first process to write itself into; -1: none.
  int door() const noexcept { return door_.get(); }

  /// Puts what it knows better into the sample.
  void correct(tree_sample& sample) const;

  /// The most memory that it ever had; 0: unknown.
  std::uint64_t memory_peak() const;

private:
  bool set(const char* file, const std::string& value) const;
  std::uint64_t number(const char* file) const;
  std::uint64_t entry(const char* file, const char* key) const;

  std::string path_; ///< Empty: none.
  unique_fd door_;
  bool memory_ = false;
  bool processes_ = false;
};

} // namespace fabric::exec
