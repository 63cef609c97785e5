#pragma once

#include "fabric/handlers/registry.hpp"
#include "fabric/job/job.hpp"
#include "fabric/time.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// What a handler sees of its attempt. A handler is a C++ function that runs a class's jobs in the node's own process:
///
///     nlohmann::json resize(fabric::job_context& job) {
///       for (int part = 0; part < 100; ++part) {
///         if (job.stop_requested()) throw fabric::stopped{};
///         …
///         job.progress(part, "resizing");
///       }
///       return {{"width", 640}};
///     }
///
/// It ends by returning the result (at most 1 MiB of JSON, else the attempt fails with `bad_result`) or by throwing:
/// the attempt failed, with what() as the reason. It is asked to stop (budget, cancel, drain, wall time, stall, lease)
/// by its token alone; one that has not returned after the grace is abandoned: its thread and its slot are lost, its
/// result will be refused, and the job runs again when its lease is over. It must not end its thread or the process.
namespace fabric {

namespace handlers {
class running;
}

/// What a handler throws that was asked to stop and does so. Thrown unasked it is a failure.
struct stopped : std::exception {
  const char* what() const noexcept override { return "the handler stopped without being asked"; }
};

/// "I saved a checkpoint, run me again": the attempt ends as `checkpointed`, which is not a failure.
struct checkpoint_saved : std::exception {
  const char* what() const noexcept override { return "saved a checkpoint"; }
};

/// Of one attempt, for its handler's thread; stop_requested(), wait_for_stop() and progress() are safe from threads
/// that the handler starts and joins itself.
class job_context {
public:
  explicit job_context(handlers::running& run) : run_(run) {}
  job_context(const job_context&) = delete;
  job_context& operator=(const job_context&) = delete;

  const nlohmann::json& input(); ///< Parsed at the first call.
  job_id id() const;
  std::uint32_t attempt() const; ///< From 1.
  fence_t fence() const;         ///< Grows with every attempt of any job; for effects that must happen once.
  const std::string& job_class() const;
  const std::string& lane() const;
  std::optional<time_point> deadline() const; ///< When the class's wall-time limit will ask it to stop; UTC.

  bool stop_requested() const noexcept;
  /// Waits; returns true as soon as the attempt is to stop, false after `limit`.
  bool wait_for_stop(duration limit) const;

  /// The newest of these is shown while the attempt runs and kept in its report; each is a sign of life for the class's
  /// stall_timeout. What is over the bounds of job/progress.hpp is cut.
  /// @param percent 0 to 100; cut to that.
  void progress(double percent, std::string_view message = {}, const std::map<std::string, double>& counters = {});

  /// A directory that all attempts of this job share and that goes with the job. Made by the first call.
  /// @throws std::runtime_error where that is impossible.
  std::string checkpoint_directory() const;
  /// What save_checkpoint() kept last, in this or an earlier attempt; nullopt: nothing. @throws std::runtime_error.
  std::optional<std::string> load_checkpoint() const;
  /// Keeps `bytes`, durably and whole or not at all, instead of what was kept before. @throws std::runtime_error.
  void save_checkpoint(std::string_view bytes);

private:
  handlers::running& run_;
};

} // namespace fabric
