#pragma once

#include <cstdint>
#include <optional>

/// How many jobs there are, for `limits.max_queued`: what the store counted last and what is on its way there. The two
/// are kept apart, because a count of the store does not know what is still under way. Pure.
namespace fabric::scheduler {

class intake {
public:
  /// The store has said how many jobs it holds; until then nothing can be admitted.
  bool known() const { return stored_.has_value(); }

  void stored(std::uint64_t live_jobs) { stored_ = live_jobs; }

  /// One job is on its way to the store.
  void admitted(std::uint64_t bytes) {
    ++underway_;
    bytes_ += bytes;
  }

  /// The store has answered for one job: its counts include it, or it was refused.
  /// @pre it was admitted with as many bytes (asserted).
  void answered(std::uint64_t bytes);

  std::uint64_t live_jobs() const { return stored_.value_or(0) + underway_; }
  std::uint64_t bytes() const { return bytes_; } ///< Under way.

private:
  std::optional<std::uint64_t> stored_;
  std::uint64_t underway_ = 0;
  std::uint64_t bytes_ = 0;
};

} // namespace fabric::scheduler
