#pragma once

#include "tests/fault/shim_vfs.hpp"

/// Lets one call, or all from one on, fail in a certain way.
namespace fabric::fault {

enum class fault_kind {
  io,         ///< EIO; EMFILE of an open.
  full,       ///< ENOSPC: half of a write is done.
  torn_write, ///< EIO after half of a write.
  torn_read,  ///< EIO after half of a read. Never a short read of what is there: SQLite takes that for the end.
  busy,       ///< Another process has the lock.
};

class failing_tap : public tap {
public:
  /// @param nth of the calls that can fail in this way, from 1.
  failing_tap(fault_kind kind, int nth, bool onwards) : kind_(kind), nth_(nth), onwards_(onwards) {}

  std::optional<verdict> before(const call& what) override;

  bool has_failed() const { return failed_; } ///< Otherwise there were fewer calls.
  void stop() { stopped_ = true; }

private:
  fault_kind kind_;
  int nth_;
  bool onwards_;
  int seen_ = 0;
  bool failed_ = false, stopped_ = false;
};

} // namespace fabric::fault
