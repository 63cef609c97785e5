#include "fabric/exec/cgroup.hpp"
#include "fabric/exec/classify.hpp"
#include "fabric/exec/result_file.hpp"
#include "fabric/exec/tended_attempt.hpp"
#include "fabric/job/strict_json.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>

/// The end of a tended attempt: judged, reported, stored.
namespace fabric::exec {

namespace {

time_point wall(std::int64_t us) { return time_point(duration(us)); }

void write_report(int directory, const std::string& report) {
  // A spool that is full costs only this copy; the store has the report too.
  const unique_fd fd(::openat(directory, "report.json", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (fd) write_all(fd.get(), report);
}

} // namespace

attempt_end tended_attempt::judge(std::string& report) {
  ending e;
  e.stopped = stop_of(record_);
  e.wait_status = wait_status_;
  if (pid_ == 0) e.launch_error = why_;
  job_result result;
  if (pid_ != 0 && WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == 0) {
    result = read_result(files_.directory.get());
    e.bad_result = result.bad;
  }
  const auto limits = limits_then();
  const auto end = explain_limits(classify(e), limits);
  attempt_end out;
  out.how = end.how;
  out.reason = end.reason;
  if (out.how == outcome::succeeded) {
    out.result = std::move(result.json);
    if (auto said = progress_then(); !said.empty()) report = render_good_report(said);
    return out;
  }
  out.saved = left_checkpoint(out.how);
  const bool has_files = static_cast<bool>(files_.directory);
  report = render_report({end,
                          pid_ != 0,
                          wait_status_,
                          e.stopped,
                          usage_,
                          {out_.size(), out_.cut()},
                          {err_.size(), err_.cut()},
                          has_files ? tail_of(files_.directory.get(), "stderr") : "",
                          leftovers_,
                          timeline_,
                          limit_rows(limits),
                          order_.limits.memory != 0 ? std::optional(limits.seen) : std::nullopt,
                          out.saved,
                          progress_then()});
  return out;
}

limit_case tended_attempt::limits_then() const {
  limit_case c{
      order_.limits,    order_.wall_us, order_.output_max, {}, ran_us_,          std::max(out_.size(), err_.size()),
      stop_of(record_), wait_status_,   order_.stall_us,   {}, plan_.was_alive()};
  c.silence_us = plan_.silence(boottime_us());
  if (watched(order_.limits)) c.seen = guard_.readings(usage_);
  return c;
}

/// For the report: what it said last, and when.
std::string tended_attempt::progress_then() const {
  const auto said = progress_.newest();
  if (!said) return {};
  auto state = nlohmann::json::parse(said->state);
  state["at_us"] = wall_time_us() - (boottime_us() - said->at_us);
  return json_text(state);
}

/// Whether the next attempt of a job that goes on after this end can go on from what this one wrote.
bool tended_attempt::left_checkpoint(outcome how) const {
  const bool goes_on =
      how == outcome::demoted || how == outcome::drained || how == outcome::lost || how == outcome::checkpointed;
  if (!goes_on || pid_ == 0) return false;
  const bool says_so = WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == checkpoint_exit;
  return says_so || has_file_since(checkpoint_directory(spool_, order_.job), born_);
}

std::string tended_attempt::end_frame(attempt_end end) const {
  has_ended ended;
  ended.what = {order_.fence, order_.job, stop_of(record_), std::move(end), order_.attempt, order_.lane};
  return encode(from_runner(std::move(ended)));
}

std::string tended_attempt::finish() {
  ran_us_ = pid_ != 0 ? boottime_us() - started_us_ : 0;
  out_.look();
  err_.look();
  progress_.finish(boottime_us());
  note("all gone");
  // The kernel may have killed before anybody looked.
  if (stop_of(record_) == stop_reason::none && guard_.due() != 0) set_stop(record_, guard_.look_back());
  if (outside_cgroup_) enter_cgroup(record_.cgroup.str());
  std::string report;
  auto end = judge(report);
  end.started = pid_ != 0;
  if (end.started) end.started_at = wall(record_.started_wall_us);
  end.run_time = duration(ran_us_);
  if (end.how != outcome::succeeded && files_.directory) write_report(files_.directory.get(), report);
  end.report = std::move(report);
  if (files_.directory) end.spool_bytes = disk_bytes(files_.directory.get());
  attempt_end poor;
  poor.how = outcome::lost;
  poor.started = end.started;
  poor.started_at = end.started_at;
  poor.run_time = end.run_time;
  poor.reason = "it ended, but the spool had no room to keep how";
  auto frame = end_frame(std::move(end));
  store_end(record_, frame, files_.path, end_frame(std::move(poor)));
  return frame;
}

} // namespace fabric::exec
