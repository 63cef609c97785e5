#pragma once

#include "fabric/config/config.hpp"
#include "fabric/error.hpp"
#include "fabric/job/spec.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

/// Whether a job may enter. The first thing that happens to every submission, before anything is stored. Pure.
namespace fabric::scheduler {

/// What admission looks at besides the config. For a batch the caller counts what it has already admitted.
struct admission_state {
  std::uint64_t live_jobs = 0;      ///< Stored and not final, plus admitted and not yet stored.
  std::uint64_t inflight_bytes = 0; ///< Of submissions not yet answered; submission_bytes() of each.
  bool draining = false;
  std::set<std::string, std::less<>> unavailable; ///< Classes that no node can run now.
};

struct admitted {
  job_spec spec;                   ///< As checked: its input is compact JSON.
  std::uint32_t max_attempts = 0;  ///< The job's own, else its class's.
  std::optional<std::string> lane; ///< The job's own, else its class's; unset: the policy places.
  /// Set: there is no room for a new job, but this one has an idempotency key, and the client may only have missed its
  /// receipt. The store answers a known key, and refuses with this otherwise.
  std::optional<error> only_if_known;
};

/// What one job counts for in `limits.max_inflight_submits`.
std::uint64_t submission_bytes(const job_spec& spec);

/// Checks a submission; cheap refusals first. While draining or at max_queued, one with a key is refused by the store
/// only (see only_if_known). `where` is the JSON pointer within the submission.
/// errc::draining; errc::limit_reached, naming limits.max_queued or limits.max_inflight_submits;
/// errc::bad_input and errc::too_large: the spec breaks a rule of job/spec.hpp, or its input does not fit the class's
/// command (a value missing, of the wrong kind, too long for an argument; "/input/…");
/// errc::unknown_class and errc::unknown_lane, with the nearest name; errc::class_disabled; errc::class_unavailable;
/// errc::not_allowed: an ad-hoc command while `allow_ad_hoc` is off.
expected<admitted> admit(job_spec spec, const config::root& all, const admission_state& now);

/// The jobs of one request, in their order. Behind one that found no room none of its ordering key is taken: it would
/// come before the one that the client is going to send again.
class ordered_request {
public:
  /// As admit; for a job behind one of its key that found no room, that one's error.
  expected<admitted> admit(job_spec spec, const config::root& all, const admission_state& now);

private:
  std::map<std::string, error, std::less<>> no_room_; ///< By ordering key.
};

} // namespace fabric::scheduler
