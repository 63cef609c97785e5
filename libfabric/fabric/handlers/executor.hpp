#pragma once

#include "fabric/job/job.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the pool machine and those who run handlers for it say to each other.
namespace fabric::handlers {

/// One attempt to run.
struct task {
  fence_t fence = 0;
  job_id job = 0;
  std::uint32_t attempt = 0;
  std::string job_class;
  std::string lane;
  std::string handler;
  std::string threads;    ///< Name of the threads that run it: "compute", "io", or the class's with a slash before.
  std::uint32_t size = 1; ///< How many of these threads there are.
  std::string input;      ///< Compact JSON.
  duration wall{0};       ///< From its start to when it is asked to stop; 0: no limit.
};

/// A thread has taken it.
struct began {
  fence_t fence = 0;
  time_point at{};
};

/// Its handler is done with it.
struct returned {
  enum class way : std::uint8_t { result, bad_result, checkpoint, threw };
  fence_t fence = 0;
  way how = way::result;
  std::string text;     ///< The result as compact JSON; or why not.
  std::string progress; ///< What it said last, as JSON; empty: nothing.
  time_point at{};
  bool saved = false; ///< It has saved a checkpoint.
  time_point progress_at = no_time;
};

/// What a handler said since somebody looked; the newest of it.
struct progressed {
  fence_t fence = 0;
  std::string state; ///< JSON; see job/progress.hpp.
  time_point at{};
};

struct news {
  std::vector<began> starts;
  std::vector<returned> ends;
  std::vector<progressed> progress{};
};

/// Runs handlers. Its owner calls it from one thread at a time.
class executor {
public:
  virtual ~executor() = default;
  virtual void start(std::vector<task> tasks) = 0;
  /// Asks it to stop. @returns true if it had not begun: it will not, and nothing more is heard of it.
  virtual bool stop(fence_t fence) = 0;
  /// Nobody counts on it any longer: another thread takes its thread's place. What it returns is still told.
  virtual void abandon(fence_t fence) = 0;
  virtual news take() = 0;
};

} // namespace fabric::handlers
