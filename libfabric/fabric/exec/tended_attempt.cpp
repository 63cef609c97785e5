#include "fabric/exec/tended_attempt.hpp"

#include "fabric/exec/launch.hpp"
#include "fabric/exec/proc.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace fabric::exec {

namespace {

std::int64_t micros(const timeval& t) { return static_cast<std::int64_t>(t.tv_sec) * 1'000'000 + t.tv_usec; }

void add(usage_totals& sum, const rusage& u) {
  sum.user_us += micros(u.ru_utime);
  sum.system_us += micros(u.ru_stime);
  sum.major_faults += u.ru_majflt;
  sum.voluntary_switches += u.ru_nvcsw;
  sum.involuntary_switches += u.ru_nivcsw;
  sum.peak_rss_bytes = std::max<std::int64_t>(sum.peak_rss_bytes, u.ru_maxrss * 1024);
}

bool has_nul(const std::string& s) { return s.find('\0') != s.npos; }

// What the wire allows but a process cannot have.
std::string flaw_of(const run& order) {
  if (order.argv.empty() || order.argv[0].empty() || order.argv[0][0] != '/')
    return "the command is not an absolute path";
  if (std::any_of(order.argv.begin(), order.argv.end(), has_nul)) return "an argument holds a NUL byte";
  for (const auto& [name, value] : order.env)
    if (name.empty() || name.find('=') != name.npos || has_nul(name) || has_nul(value))
      return "a variable of the environment is malformed";
  if (has_nul(order.cwd)) return "the working directory holds a NUL byte";
  return {};
}

} // namespace

tended_attempt::tended_attempt(run order, ledger_record& record, std::string spool)
    : order_(std::move(order)), record_(record), spool_(std::move(spool)) {}

std::vector<std::string> tended_attempt::environment() const {
  std::vector<std::string> env;
  for (const auto& [name, value] : order_.env)
    if (name.rfind("FABRIC_", 0) != 0) env.push_back(name + "=" + value);
  env.push_back("FABRIC_JOB_ID=" + std::to_string(order_.job));
  env.push_back("FABRIC_ATTEMPT=" + std::to_string(order_.attempt));
  env.push_back("FABRIC_FENCE=" + std::to_string(order_.fence));
  env.push_back("FABRIC_CLASS=" + order_.job_class);
  env.push_back("FABRIC_LANE=" + order_.lane);
  env.push_back("FABRIC_NODE_NAME=" + order_.node_name);
  env.push_back("FABRIC_INPUT=" + files_.path + "/input.json");
  env.push_back("FABRIC_RESULT=" + files_.path + "/result.json");
  env.push_back("FABRIC_CHECKPOINT_DIR=" + checkpoint_directory(spool_, order_.job));
  return env;
}

tended_attempt::started tended_attempt::start() {
  note("accepted");
  why_ = flaw_of(order_);
  if (!why_.empty()) return started::failed;
  launch_plan plan;
  if (!order_.user.empty()) {
    auto who = resolve_user(order_.user);
    if (!who) return why_ = render(who.error()), started::refused;
    plan.who = std::move(*who);
  }
  auto files = prepare_attempt(spool_, order_.job, order_.attempt, order_.input, record_.recycled.str(),
                               plan.who ? std::optional(plan.who->owner) : std::nullopt);
  if (!files) return why_ = render(files.error()), started::refused;
  files_ = std::move(*files);
  plan.argv = &order_.argv;
  plan.env = environment();
  plan.cwd = order_.cwd.empty() ? files_.path : order_.cwd;
  plan.input = files_.input.get();
  plan.out = files_.out.get();
  plan.err = files_.err.get();
  started_us_ = boottime_us();
  const auto pid = launch(plan);
  if (!pid) return why_ = pid.error().why, pid.error().infrastructure ? started::refused : started::failed;
  pid_ = *pid;
  note("started");
  files_.input.reset();
  if (const auto p = read_process(pid_)) record_.job_start = p->start;
  record_.started_us = started_us_;
  record_.started_wall_us = timeline_.back().at_us;
  record_.job_pid = pid_;
  set_state(record_, hold::running);
  out_ = {files_.out.get(), order_.output_max};
  err_ = {files_.err.get(), order_.output_max};
  if (order_.output_max > 0) look_at_ = started_us_ + bounds::output_check;
  set_lease(order_.deadline_us);
  return started::yes;
}

was_started tended_attempt::announcement() const { return {order_.fence, pid_, started_us_}; }

void tended_attempt::note(std::string what) {
  if (timeline_.size() < 32) timeline_.push_back({wall_time_us(), std::move(what)});
}

void tended_attempt::set_lease(std::int64_t deadline_us) {
  const auto length = deadline_us - boottime_us();
  record_.deadline_us.store(deadline_us, std::memory_order_relaxed);
  soft_at_ = length >= bounds::soft_lease ? deadline_us - length / 5 : 0;
}

void tended_attempt::extend(std::int64_t deadline_us) {
  if (killing_us_ != 0) return;
  // A job that shrugged off the soft signal of a lease goes on; one that heeds it is lost, not failed.
  if (stop_of(record_) == stop_reason::lease) kill_at_ = 0;
  set_lease(std::max(deadline_us, record_.deadline_us.load(std::memory_order_relaxed)));
}

void tended_attempt::stop(stop_reason why, std::int64_t grace_us) {
  if (killing_us_ == 0 && why != stop_reason::none) soft_stop(why, grace_us);
}

void tended_attempt::soft_stop(stop_reason why, std::int64_t grace_us) {
  const auto before = stop_of(record_);
  // The first reason stays, except that what a client asked for beats what the fabric wanted of its own.
  const bool stronger = why == stop_reason::cancel && (before == stop_reason::budget || before == stop_reason::drain);
  if (before == stop_reason::none || stronger) set_stop(record_, why);
  const auto until = boottime_us() + std::clamp<std::int64_t>(grace_us, 0, std::int64_t{1} << 50);
  kill_at_ = kill_at_ == 0 ? until : std::min(kill_at_, until);
  if (grace_us <= 0) return kill_now("killed: " + std::string(to_string(why)));
  note("asked to stop: " + std::string(to_string(why)));
  ::kill(-pid_, SIGTERM);
  const auto all = all_processes();
  for (const auto& p : descendants(all, ::getpid()))
    if (p.group != pid_) signal_process(p, SIGTERM);
}

void tended_attempt::abandon() {
  if (stop_of(record_) == stop_reason::none) set_stop(record_, stop_reason::abandoned);
  if (killing_us_ == 0) kill_now("killed: abandoned");
}

void tended_attempt::kill_now(std::string what) {
  note(std::move(what));
  killing_us_ = boottime_us();
  kill_round();
}

void tended_attempt::kill_round() {
  // The group in one go first, then whatever left it, as often as it takes: all of it descends from this process.
  if (!main_gone_) ::kill(-pid_, SIGKILL);
  const auto all = all_processes();
  for (const auto& p : descendants(all, ::getpid()))
    if (!p.gone()) signal_process(p, SIGKILL);
  kill_again_ = boottime_us() + (leak_said_ ? bounds::second : bounds::kill_again);
}

bool tended_attempt::reap() {
  for (;;) {
    rusage used{};
    int status = 0;
    const pid_t pid = ::wait4(-1, &status, WNOHANG | __WALL, &used);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return true;
    if (pid == 0) break;
    add(usage_, used);
    if (pid != pid_) {
      if (killing_us_ != 0) ++leftovers_;
      continue;
    }
    main_gone_ = true;
    record_.wait_status = wait_status_ = status;
    record_.has_wait_status = 1;
    note("main process ended");
  }
  // What a job left behind is not part of it any more.
  if (main_gone_ && killing_us_ == 0) kill_now("killed what the job left behind");
  return false;
}

std::int64_t tended_attempt::next_due() const {
  if (killing_us_ != 0) return kill_again_;
  auto due = record_.deadline_us.load(std::memory_order_relaxed);
  for (const auto at : {kill_at_, soft_at_, look_at_})
    if (at != 0) due = std::min(due, at);
  if (order_.wall_us > 0 && !wall_said_) due = std::min(due, started_us_ + order_.wall_us);
  return due;
}

bool tended_attempt::tick() {
  const auto now = boottime_us();
  if (look_at_ != 0 && now >= look_at_) look_at_output(now);
  if (killing_us_ != 0) {
    if (now >= kill_again_) kill_round();
    const bool leaks = !leak_said_ && now - killing_us_ >= bounds::leak_after;
    leak_said_ = leak_said_ || leaks;
    return leaks;
  }
  const auto deadline = record_.deadline_us.load(std::memory_order_relaxed);
  if (now >= deadline) {
    soft_stop(stop_reason::lease, 0);
  } else if (kill_at_ != 0 && now >= kill_at_) {
    kill_now("killed: the grace period is over");
  } else if (order_.wall_us > 0 && !wall_said_ && now >= started_us_ + order_.wall_us) {
    wall_said_ = true;
    soft_stop(stop_reason::wall, order_.grace_us);
  } else if (soft_at_ != 0 && now >= soft_at_) {
    soft_at_ = 0;
    soft_stop(stop_reason::lease, deadline - now);
  }
  return false;
}

void tended_attempt::look_at_output(std::int64_t now) {
  const auto grown = std::max(out_.look(), err_.look());
  // At this pace a file would pass its cap before the usual next look.
  look_at_ = now + (grown > order_.output_max / 4 ? bounds::output_check_fast : bounds::output_check);
}

} // namespace fabric::exec
