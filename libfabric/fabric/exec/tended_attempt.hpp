#pragma once

#include "fabric/exec/ledger.hpp"
#include "fabric/exec/limit_guard.hpp"
#include "fabric/exec/output_cap.hpp"
#include "fabric/exec/progress_pipe.hpp"
#include "fabric/exec/protocol.hpp"
#include "fabric/exec/report.hpp"
#include "fabric/exec/spool.hpp"
#include "fabric/exec/stop_plan.hpp"

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// The attempt that a keeper tends. Single-threaded; must live in the process that is the subreaper.
namespace fabric::exec {

class tended_attempt {
public:
  /// @param record its identity filled by the runner.
  tended_attempt(run order, ledger_record& record, std::string spool);

  enum class started { yes, refused, failed };
  /// Makes the directory and starts the process. `why()` says what went wrong.
  started start();
  const std::string& why() const noexcept { return why_; }
  was_started announcement() const;

  void stop(stop_reason why, std::int64_t grace_us);
  void extend(std::int64_t deadline_us);
  /// It was carried: its end is of this lane.
  void relane(std::string lane) { order_.lane = std::move(lane); }
  /// The runner is gone: ends the tree at once.
  void abandon();

  /// The progress pipe's end to be polled; -1: not now.
  int progress_end() const noexcept { return progress_.read_end(); }
  /// There is something in it.
  void listen();
  /// What the job said, when there is news to tell.
  std::optional<has_progressed> progress();

  /// Reaps. @returns true if nothing lives any more.
  bool reap();

  /// Does what is due. @returns true once, when the tree has withstood SIGKILL for bounds::leak_after.
  bool tick();
  /// CLOCK_BOOTTIME instant of the next tick().
  std::int64_t next_due() const;

  /// Stores the end in the ledger. @returns the frame to send. @pre reap() returned true, or start() said failed.
  std::string finish();

  fence_t fence() const noexcept { return order_.fence; }

private:
  std::vector<std::string> environment() const;
  void note(std::string what);
  void perform(stop_action what);
  void signal_tree();
  void kill_now();
  void kill_round();
  void kill_by_cgroup();
  void publish();
  void look_at_output(std::int64_t now);
  void look_at_limits(std::int64_t now);
  limit_case limits_then() const;
  std::string progress_then() const;
  attempt_end judge(std::string& report);
  bool left_checkpoint(outcome how) const;
  std::string end_frame(attempt_end end) const;

  run order_;
  ledger_record& record_;
  std::string spool_;
  prepared_spool files_;
  std::string why_;
  pid_t pid_ = 0;
  bool main_gone_ = false;
  int wait_status_ = 0;
  std::int64_t started_us_ = 0;
  timespec born_{}; ///< Just before the start, by the spool's clock: what is newer, this attempt has written.
  stop_plan plan_;
  std::int64_t look_at_ = 0;    ///< Next look at the output files; 0: never.
  std::int64_t killing_us_ = 0; ///< Since when; 0: not yet.
  std::int64_t kill_again_ = 0;
  bool outside_cgroup_ = false; ///< This process left its slot's cgroup, to kill all of that.
  bool leak_said_ = false;
  std::uint64_t leftovers_ = 0;
  output_cap out_;
  output_cap err_;
  usage_totals usage_;
  limit_guard guard_;
  progress_pipe progress_;
  std::int64_t ran_us_ = 0; ///< Once all is gone.
  std::vector<moment> timeline_;
};

} // namespace fabric::exec
