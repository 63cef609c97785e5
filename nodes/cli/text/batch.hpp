#pragma once

#include "fabric/error.hpp"
#include "fabric/job/limits.hpp"
#include "fabric/job/spec.hpp"
#include "fabric/scheduler/admission.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

/// Submissions that travel in one message. Pure.
namespace fabric::cli {

struct batched_spec {
  std::uint64_t line = 0; ///< In the file it came from; 0 if it came from the command line.
  job_spec spec;
};

class batch {
public:
  /// Returns whether `spec` still fits.
  bool has_room(const job_spec& spec) const {
    return items_.empty() ||
           (items_.size() < limits::batch_jobs && bytes_ + scheduler::submission_bytes(spec) <= limits::batch_bytes);
  }

  void add(batched_spec item) {
    bytes_ += scheduler::submission_bytes(item.spec);
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
  std::uint64_t bytes_ = 0; ///< As `limits.max_inflight_submits` counts them, so that no batch is too large for it.
};

/// Returns whether sending these twice could make no job twice: every one has an idempotency key.
inline bool is_repeatable(const std::vector<job_spec>& specs) {
  return std::all_of(specs.begin(), specs.end(), [](const job_spec& s) { return s.idempotency_key.has_value(); });
}

/// Returns whether a refusal says nothing about the job: there is no room for it now, and there may be later.
constexpr bool is_for_lack_of_room(errc code) {
  return code == errc::limit_reached || code == errc::disk_full || code == errc::draining;
}

} // namespace fabric::cli
