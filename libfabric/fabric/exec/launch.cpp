#include "fabric/exec/launch.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace fabric::exec {

namespace {

enum class step : int { setup, user, cwd, exec };
struct failure_note {
  step where = step::setup;
  int code = 0;
};

// What the child needs, as the system calls want it: after vfork nothing may be allocated.
struct child_plan {
  const launch_plan* plan;
  char* const* argv;
  char* const* env;
  volatile failure_note* note; ///< What failed, for the parent: after vfork both have one memory.
  pid_t parent;
};

void unblock_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool become(const identity& who) {
  // The raw calls: the library's would talk to other threads.
  return ::syscall(SYS_setgroups, who.groups.size(), who.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, who.owner.group, who.owner.group, who.owner.group) == 0 &&
         ::syscall(SYS_setresuid, who.owner.user, who.owner.user, who.owner.user) == 0;
}

// Runs in the child. Returns only if something failed.
failure_note enter_and_exec(const child_plan& c) {
  const auto& plan = *c.plan;
  const rlimit none{0, 0};
  if (::setsid() < 0 || ::setrlimit(RLIMIT_CORE, &none) != 0) return {step::setup, errno};
  // Above all descriptors that matter first, so that no dup2 closes one that is still to come.
  const int in = ::fcntl(plan.input, F_DUPFD, 3), out = ::fcntl(plan.out, F_DUPFD, 3),
            err = ::fcntl(plan.err, F_DUPFD, 3);
  if (in < 0 || out < 0 || err < 0) return {step::setup, errno};
  const int progress = plan.progress < 0 ? -1 : ::fcntl(plan.progress, F_DUPFD, progress_descriptor + 1);
  if (plan.progress >= 0 && progress < 0) return {step::setup, errno};
  if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) return {step::setup, errno};
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return {step::setup, errno};
  if (plan.cgroup >= 0 && ::write(plan.cgroup, "0", 1) != 1) return {step::setup, errno};
  if (progress >= 0 && ::dup2(progress, progress_descriptor) < 0) return {step::setup, errno};
  for (const auto& one : plan.rlimits)
    if (!set_rlimit(one)) return {step::setup, errno};
  if (plan.who && !become(*plan.who)) return {step::user, errno};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
    return {step::setup, errno};
  if (::getppid() != c.parent) ::_exit(127); // it died before the line above
  ::umask(022); // Not the one of whoever started the runner; the attempt's directory is private as it is.
  if (::chdir(plan.cwd.c_str()) != 0) return {step::cwd, errno};
  unblock_signals();
  ::execve(c.argv[0], c.argv, c.env);
  return {step::exec, errno};
}

// Signals stay blocked in the child until just before the exec. Not inlined: a function that calls vfork must not
// share its frame with anything that changes between the two returns.
[[gnu::noinline]] pid_t spawn(const child_plan& c) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const pid_t pid = ::vfork();
#pragma GCC diagnostic pop
  if (pid != 0) return pid;
  const auto failed = enter_and_exec(c);
  c.note->where = failed.where;
  c.note->code = failed.code;
  ::_exit(127);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (const auto& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

launch_failure describe(const failure_note& note, const launch_plan& plan) {
  const auto words = errno_text(note.code);
  const bool too_narrow =
      std::any_of(plan.rlimits.begin(), plan.rlimits.end(), [](const auto& one) { return one.resource == RLIMIT_AS; });
  if (note.where == step::exec && note.code == ENOMEM && too_narrow)
    return {false, "cannot execute " + plan.argv->front() + " within its limit of address_space: " + words};
  switch (note.code) {
  case EAGAIN:
  case ENOMEM:
  case EMFILE:
  case ENFILE:
  case ETXTBSY:
  case EIO: return {true, "cannot execute " + plan.argv->front() + " now: " + words};
  default: break;
  }
  switch (note.where) {
  case step::exec: return {false, "cannot execute " + plan.argv->front() + ": " + words};
  case step::cwd: return {false, "cannot enter " + plan.cwd + ": " + words};
  case step::user: return {true, "cannot become the class's user: " + words};
  case step::setup: break;
  }
  return {true, "cannot set the process up: " + words};
}

} // namespace

expected<std::optional<identity>> resolve_user(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16 << 10);
  if (const int code = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found); code != 0)
    return tl::unexpected(system_error("cannot look up user " + name, code));
  if (!found) return fail(errc::not_found, "no such user: " + name);
  if (entry.pw_uid == ::geteuid()) return std::optional<identity>{};
  if (::geteuid() != 0) return fail(errc::not_allowed, "only a runner that is root can run commands as " + name);
  identity who{{entry.pw_uid, entry.pw_gid}, {}};
  int count = 64;
  who.groups.resize(static_cast<std::size_t>(count));
  if (::getgrouplist(name.c_str(), entry.pw_gid, who.groups.data(), &count) < 0) {
    who.groups.resize(static_cast<std::size_t>(count));
    ::getgrouplist(name.c_str(), entry.pw_gid, who.groups.data(), &count);
  }
  who.groups.resize(static_cast<std::size_t>(count));
  return std::optional(std::move(who));
}

bool is_executable(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

tl::expected<pid_t, launch_failure> launch(const launch_plan& plan) {
  const auto argv = pointers(*plan.argv);
  const auto env = pointers(plan.env);
  volatile failure_note failed{};
  const pid_t pid = spawn({&plan, argv.data(), env.data(), &failed, ::getpid()});
  if (pid < 0) return tl::unexpected(launch_failure{true, "cannot fork: " + errno_text(errno)});
  if (failed.code == 0) return pid;
  ::waitpid(pid, nullptr, 0);
  return tl::unexpected(describe({failed.where, failed.code}, plan));
}

} // namespace fabric::exec
