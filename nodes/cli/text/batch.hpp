#pragma once

#include "fabric/job/limits.hpp"
#include "fabric/job/spec.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

/// Submissions that travel in one message. Pure.
namespace fabric::cli {

inline constexpr std::size_t batch_bytes = 8 << 20; ///< Of inputs in one message, unless a single one is larger.

struct batched_spec {
  std::uint64_t line = 0; ///< In the file it came from; 0 if it came from the command line.
  job_spec spec;
};

class batch {
public:
  /// Returns whether `spec` still fits.
  bool has_room(const job_spec& spec) const {
    return items_.empty() || (items_.size() < limits::batch_jobs && bytes_ + spec.input.size() <= batch_bytes);
  }

  void add(batched_spec item) {
    bytes_ += item.spec.input.size();
    items_.push_back(std::move(item));
  }

  bool empty() const { return items_.empty(); }

  /// Empties the batch.
  std::vector<batched_spec> take() {
    bytes_ = 0;
    return std::exchange(items_, {});
  }

private:
  std::vector<batched_spec> items_;
  std::size_t bytes_ = 0;
};

/// Returns whether sending these twice could make no job twice: every one has an idempotency key.
inline bool is_repeatable(const std::vector<batched_spec>& items) {
  for (const auto& i : items)
    if (!i.spec.idempotency_key) return false;
  return true;
}

} // namespace fabric::cli
