#include "fabric/exec/remains.hpp"

#include "fabric/exec/cgroup.hpp"
#include "fabric/exec/protocol.hpp"
#include "fabric/exec/report.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

namespace fabric::exec {

namespace {

// The session of the job's main process, unless its number belongs to another process now.
bool in_session(const ledger_record& r, const process& p, std::span<const process> all) {
  if (r.job_pid <= 0 || p.session != r.job_pid || p.start < r.job_start) return false;
  return std::none_of(all.begin(), all.end(),
                      [&](const process& q) { return q.pid == r.job_pid && q.start != r.job_start; });
}

} // namespace

bool kill_remains(const ledger_record& r, const std::string& directory, std::span<const process> all,
                  bool spare_keeper) {
  const auto mark = "FABRIC_RESULT=" + directory + "/result.json";
  bool lived = false;
  for (const auto& p : all) {
    if (p.gone() || p.pid == ::getpid()) continue;
    if (p.pid == r.keeper_pid && p.start == r.keeper_start) {
      lived = true;
      if (spare_keeper) return true; // it ends its tree itself, and knows more
      signal_process(p, SIGKILL);
    } else if ((p.pid == r.job_pid && p.start == r.job_start) || in_session(r, p, all) ||
               has_environment(p.pid, mark)) {
      lived = true;
      signal_process(p, SIGKILL);
    }
  }
  const auto cgroup = r.cgroup.str();
  if (cgroup_populated(cgroup)) {
    lived = true;
    kill_cgroup(cgroup);
  }
  return lived;
}

std::string lost_frame(const ledger_record& r, const std::string& reason) {
  has_ended ended;
  ended.what.fence = r.fence;
  ended.what.job = r.job;
  ended.what.attempt = r.attempt;
  ended.what.lane = r.lane.str();
  ended.what.stopped = stop_of(r);
  auto& end = ended.what.end;
  end.how = outcome::lost;
  end.reason = reason;
  end.started = r.job_pid != 0;
  std::vector<moment> timeline;
  if (end.started) {
    end.started_at = time_point(duration(r.started_wall_us));
    end.run_time = duration(std::max<std::int64_t>(0, boottime_us() - r.started_us));
    timeline.push_back({r.started_wall_us, "started"});
  }
  timeline.push_back({wall_time_us(), reason});
  end.report = render_lost_report({end.how, reason}, ended.what.stopped, timeline);
  return encode(from_runner(std::move(ended)));
}

} // namespace fabric::exec
