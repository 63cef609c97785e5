#pragma once

#include "nodes/cli/session.hpp"
#include "nodes/cli/text/log_joiner.hpp"

/// Copies what a job writes, as it writes it, over its attempts and over restarts of the fabric.
namespace fabric::cli {

class log_follower {
public:
  /// @param attempt 0: the newest, and with `follow` all that come after it.
  log_follower(session& s, job_id id, std::uint32_t attempt, bool from_stderr, bool to_stderr);

  /// Copies what there is now. @returns whether there was anything.
  expected<bool> step();

  /// Nothing more will come.
  bool finished() const { return finished_; }

private:
  expected<actors::log_piece> read(std::uint32_t attempt, std::uint64_t offset);
  expected<bool> look_for_next();
  expected<bool> take(actors::log_piece piece);
  void print(std::uint32_t attempt, const log_chunk& chunk);

  session& s_;
  job_id id_;
  std::uint32_t attempt_;
  bool only_this_;
  bool from_stderr_;
  bool to_stderr_;
  std::uint64_t offset_ = 0;
  log_joiner joiner_;
  bool ended_ = false; ///< This attempt; there may be another.
  bool finished_ = false;
};

} // namespace fabric::cli
