#include "fabric/exec/tended_attempt.hpp"

#include "fabric/exec/cgroup.hpp"
#include "fabric/exec/launch.hpp"
#include "fabric/exec/proc.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
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
  env.push_back("FABRIC_PROGRESS_FD=" + std::to_string(progress_descriptor));
  return env;
}

tended_attempt::started tended_attempt::start() {
  note("accepted");
  why_ = flaw_of(order_);
  if (!why_.empty()) return started::failed;
  launch_plan plan;
  if (!order_.user.empty()) {
    auto who = resolve_user(order_.user);
    // A user that is not there costs an attempt: refused, the job would come back for ever.
    if (!who)
      return why_ = render(who.error()), who.error().code == errc::io_error ? started::refused : started::failed;
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
  if (!progress_.open()) return why_ = "cannot make a pipe: " + errno_text(errno), started::refused;
  plan.progress = progress_.write_end();
  guard_ = limit_guard(order_.limits, record_.cgroup.str());
  plan.cgroup = guard_.door();
  plan.rlimits = rlimits_of(order_.limits, order_.grace_us);
  struct stat made {};
  if (::fstat(files_.input.get(), &made) == 0) born_ = made.st_ctim;
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
  if (watched(order_.limits)) guard_.begin(started_us_);
  if (order_.output_max > 0) look_at_ = started_us_ + bounds::output_check;
  plan_ = stop_plan({started_us_, order_.deadline_us, order_.wall_us, order_.grace_us, order_.stall_us}, started_us_);
  return started::yes;
}

was_started tended_attempt::announcement() const { return {order_.fence, pid_, started_us_}; }

void tended_attempt::note(std::string what) {
  if (timeline_.size() < 32) timeline_.push_back({wall_time_us(), std::move(what)});
}

// Once the tree is being killed, why is settled: also when that is only what a finished job left behind.

void tended_attempt::extend(std::int64_t deadline_us) {
  if (killing_us_ != 0) return;
  plan_.extend(deadline_us, boottime_us());
  publish();
}

void tended_attempt::stop(stop_reason why, std::int64_t grace_us) {
  if (killing_us_ == 0) perform(plan_.stop(why, grace_us, boottime_us()));
}

void tended_attempt::abandon() { stop(stop_reason::abandoned, 0); }

void tended_attempt::listen() {
  if (const auto now = boottime_us(); progress_.listen(now)) plan_.alive(now);
}

std::optional<has_progressed> tended_attempt::progress() {
  auto said = progress_.news(boottime_us());
  if (!said) return std::nullopt;
  return has_progressed{order_.fence, said->at_us, std::move(said->state)};
}

void tended_attempt::perform(stop_action what) {
  publish();
  if (!what.note.empty()) note(std::move(what.note));
  if (what.signal) signal_tree();
  if (what.kill) kill_now();
}

/// What the runner must know should this process die.
void tended_attempt::publish() {
  set_stop(record_, plan_.reason());
  record_.deadline_us.store(plan_.deadline(), std::memory_order_relaxed);
}

void tended_attempt::signal_tree() {
  ::kill(-pid_, SIGTERM);
  const auto all = all_processes();
  for (const auto& p : descendants(all, ::getpid()))
    if (p.group != pid_) signal_process(p, SIGTERM);
}

void tended_attempt::kill_now() {
  killing_us_ = boottime_us();
  record_.killing_us.store(killing_us_, std::memory_order_relaxed);
  kill_round();
}

void tended_attempt::kill_round() {
  // The group in one go first, then whatever left it, as often as it takes: all of it descends from this process.
  if (!main_gone_) ::kill(-pid_, SIGKILL);
  const auto all = all_processes();
  for (const auto& p : descendants(all, ::getpid()))
    if (!p.gone()) signal_process(p, SIGKILL);
  const auto now = boottime_us();
  const bool many = plan_.reason() == stop_reason::processes;
  if (many || now - killing_us_ >= bounds::kill_cgroup_after) kill_by_cgroup();
  kill_again_ = now + (leak_said_ ? bounds::second : bounds::kill_again);
}

/// Processes that fork faster than the rounds find them cannot outrun this.
void tended_attempt::kill_by_cgroup() {
  const auto cgroup = record_.cgroup.str();
  outside_cgroup_ = outside_cgroup_ || leave_cgroup(cgroup);
  if (outside_cgroup_) kill_cgroup(cgroup);
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
  if (main_gone_ && killing_us_ == 0) {
    note("killed what the job left behind");
    kill_now();
  }
  return false;
}

std::int64_t tended_attempt::next_due() const {
  if (killing_us_ != 0) return kill_again_;
  auto due = plan_.next_due().value_or(kill_again_);
  if (guard_.due() != 0) due = std::min(due, guard_.due());
  if (const auto news = progress_.next_due(); news != 0) due = std::min(due, news);
  return look_at_ != 0 ? std::min(due, look_at_) : due;
}

bool tended_attempt::tick() {
  const auto now = boottime_us();
  if (progress_.tick(now)) plan_.alive(now);
  if (look_at_ != 0 && now >= look_at_) look_at_output(now);
  if (killing_us_ == 0 && guard_.due() != 0 && now >= guard_.due()) look_at_limits(now);
  if (killing_us_ == 0) {
    perform(plan_.tick(now));
    return false;
  }
  if (now >= kill_again_) kill_round();
  const bool leaks = !leak_said_ && now - killing_us_ >= bounds::leak_after;
  leak_said_ = leak_said_ || leaks;
  return leaks;
}

/// Memory and processes are taken back at once; a job over its CPU time may still save its work.
void tended_attempt::look_at_limits(std::int64_t now) {
  const auto over = guard_.look(usage_, now);
  if (over != stop_reason::none) stop(over, over == stop_reason::cpu ? order_.grace_us : 0);
}

void tended_attempt::look_at_output(std::int64_t now) {
  const auto grown = std::max(out_.look(), err_.look());
  // At this pace a file would pass its cap before the usual next look.
  look_at_ = now + (grown > order_.output_max / 4 ? bounds::output_check_fast : bounds::output_check);
}

} // namespace fabric::exec
