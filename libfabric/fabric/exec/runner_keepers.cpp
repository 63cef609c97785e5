#include "fabric/exec/cgroup.hpp"
#include "fabric/exec/keeper.hpp"
#include "fabric/exec/remains.hpp"
#include "fabric/exec/runner_loop.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace fabric::exec {

namespace {

// What a runner that was killed left in the hierarchy. Only empty ones can be removed.
void remove_old_cgroups(const std::string& home) {
  if (home.empty()) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(home.c_str()), ::closedir);
  while (const auto* entry = dir ? ::readdir(dir.get()) : nullptr) remove_cgroup(home + "/" + entry->d_name);
}

[[noreturn]] void become_keeper(int socket, keeper_setup setup) {
  // Nothing of the runner's may stay open here, above all no other keeper's socket: its end would never be seen.
  ::dup2(socket, 3);
  ::syscall(SYS_close_range, 4U, ~0U, 0U);
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  setup.socket = 3;
  keep(setup);
}

} // namespace

std::optional<std::size_t> runner::loop::free_slot(std::string& why) {
  const auto end = std::min<std::size_t>(slots_.size(), wanted_slots_);
  for (std::size_t i = 0; i < end; ++i)
    if (slots_[i].now == slot::phase::idle) return i;
  why = "no free slot";
  const auto now = boottime_us();
  for (std::size_t i = 0; i < end; ++i) {
    if (slots_[i].now == slot::phase::retiring) why = "the slot's keeper is leaving";
    if (slots_[i].now != slot::phase::none) continue;
    if (slots_[i].restart_us > now)
      why = "the slot's keeper died just now and is not back yet";
    else if (spawn(i, why))
      return i;
  }
  return std::nullopt;
}

bool runner::loop::spawn(std::size_t index, std::string& why) {
  auto& s = slots_[index];
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    why = "cannot start a keeper: " + errno_text(errno);
    return false;
  }
  unique_fd ours(ends[0]);
  const unique_fd theirs(ends[1]);
  const auto now = boottime_us();
  s.cgroup =
      make_cgroup(cgroup_home_, std::to_string(::getpid()) + "-" + std::to_string(now) + "-" + std::to_string(index));
  if (!s.cgroup.empty()) share_out_controllers(s.cgroup);
  const pid_t pid = ::fork();
  if (pid == 0) become_keeper(theirs.get(), {-1, &book_, options_.spool, s.cgroup});
  if (pid < 0) {
    why = "cannot start a keeper: " + errno_text(errno);
    remove_cgroup(s.cgroup);
    return false;
  }
  s.pid = pid;
  const auto p = read_process(pid);
  s.start = p ? p->start : 0;
  s.born_us = now;
  s.channel = frame_channel(std::move(ours));
  s.now = slot::phase::idle;
  s.leaked = s.killed = false;
  watch(s.channel.fd(), tag_keepers + index, EPOLLIN);
  return true;
}

void runner::loop::on_keeper(std::size_t index) {
  if (index >= slots_.size() || !slots_[index].channel.open()) return;
  auto& channel = slots_[index].channel;
  const bool alive = channel.receive();
  for (auto body = channel.next(); body && *body; body = channel.next()) on_keeper_frame(index, **body);
  // Its end of the socket closes with its death, which SIGCHLD tells; until then there is nothing more to hear.
  if (!alive) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, channel.fd(), nullptr);
}

void runner::loop::on_keeper_frame(std::size_t index, std::string_view body) {
  auto& s = slots_[index];
  auto said = decode_from_runner(body);
  if (!said || s.now != slot::phase::busy) return;
  const auto record = s.record;
  auto& r = book_.at(record);
  if (auto* progressed = std::get_if<has_progressed>(&*said)) {
    if (progressed->fence == r.fence) progress_.hear(std::move(*progressed));
    return;
  }
  if (const auto* ended = std::get_if<has_ended>(&*said)) {
    if (ended->what.fence != r.fence) return;
    progress_.forget(r.fence);
    s.now = slot::phase::idle;
    s.leaked = false;
    s.backoff_us = 0;
  } else if (std::holds_alternative<was_refused>(*said)) {
    to_prune_.emplace_back(r.job, r.attempt);
    held_.erase(r.fence);
    book_.release(record);
    s.now = slot::phase::idle;
  } else if (std::holds_alternative<slot_leaked>(*said)) {
    s.leaked = true;
    log("a process of job " + std::to_string(r.job) + " outlives SIGKILL; its slot is closed");
  }
  if (client_.open()) client_.send_body({}, body);
  if (s.now == slot::phase::idle) retire_surplus();
}

void runner::loop::reap() {
  for (;;) {
    const pid_t pid = ::waitpid(-1, nullptr, WNOHANG | __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) break;
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].pid == pid) on_dead_keeper(i);
  }
  if (!orphans_.empty()) clean_up();
}

void runner::loop::on_dead_keeper(std::size_t index) {
  auto& s = slots_[index];
  on_keeper(index); // what it said last
  s.channel.close();
  s.pid = 0;
  const auto now = boottime_us();
  const bool early = now - s.born_us < bounds::second;
  s.backoff_us = early ? std::clamp(s.backoff_us * 2, bounds::keeper_backoff, bounds::keeper_backoff_max) : 0;
  s.restart_us = now + s.backoff_us;
  if (s.now != slot::phase::busy) {
    s.now = slot::phase::none;
    remove_cgroup(s.cgroup);
    return;
  }
  const auto record = s.record;
  log("the keeper of job " + std::to_string(book_.at(record).job) + " died");
  s.now = slot::phase::cleaning;
  orphans_.push_back({record, index, now, "its keeper died", false});
}

void runner::loop::sweep() {
  remove_old_cgroups(cgroup_home_);
  const auto now = boottime_us();
  for (std::uint32_t i = 0; i < book_.size(); ++i) {
    auto& r = book_.at(i);
    if (state_of(r) == hold::free) continue;
    held_[r.fence] = i;
    if (r.boot.str() != boot_) {
      // Instants of another boot mean nothing now.
      r.started_us = now;
      const auto frame = lost_frame(r, "the machine restarted");
      store_end(r, frame, {}, frame);
    } else if (state_of(r) != hold::ended) {
      orphans_.push_back({i, std::nullopt, now, "its runner and keeper died", false});
    }
  }
  if (!held_.empty())
    log("found " + std::to_string(held_.size()) + " attempts of an earlier runner, " + std::to_string(orphans_.size()) +
        " of them unfinished");
  if (!orphans_.empty()) clean_up();
}

bool runner::loop::kill_own_orphans() {
  std::vector<pid_t> keepers;
  for (const auto& s : slots_)
    if (s.pid != 0) keepers.push_back(s.pid);
  bool lived = false;
  const auto all = all_processes();
  for (const auto& p : descendants(all, ::getpid(), keepers)) {
    if (p.gone()) continue;
    lived = true;
    signal_process(p, SIGKILL);
  }
  return lived;
}

void runner::loop::clean_up() {
  const auto now = boottime_us();
  // Whatever is below the runner and not below a keeper belongs to one of the dead: all of it must go.
  const bool below = kill_own_orphans();
  const auto all = all_processes();
  std::vector<orphan> left;
  for (auto& o : orphans_) {
    auto& r = book_.at(o.record);
    const bool spare = !o.slot && now - o.since_us < bounds::old_keeper;
    // A keeper is the subreaper: once the tree below is gone, only its cgroup can know of more.
    const bool lived =
        o.slot ? below || cgroup_populated(r.cgroup.str()) : kill_remains(r, directory_of(r), all, spare);
    if (!lived) {
      finish_orphan(o);
      continue;
    }
    if (o.slot) kill_cgroup(r.cgroup.str());
    if (!o.leak_said && now - o.since_us > bounds::leak_after) {
      o.leak_said = true;
      log("a process of job " + std::to_string(r.job) + " outlives SIGKILL");
      tell(slot_leaked{r.fence, "a process of a dead keeper outlives SIGKILL"});
    }
    left.push_back(std::move(o));
  }
  orphans_ = std::move(left);
  clean_us_ = boottime_us() + bounds::kill_again;
}

void runner::loop::finish_orphan(const orphan& o) {
  auto& r = book_.at(o.record);
  progress_.forget(r.fence);
  remove_cgroup(r.cgroup.str());
  if (o.slot) slots_[*o.slot].now = slot::phase::none;
  // The keeper may have stored the end just before it died.
  if (state_of(r) != hold::ended) {
    const auto frame = lost_frame(r, o.reason);
    store_end(r, frame, {}, frame);
  }
  tell_end(o.record);
}

void runner::loop::retire_surplus() {
  for (std::size_t i = wanted_slots_; i < slots_.size(); ++i)
    if (slots_[i].now == slot::phase::idle) {
      slots_[i].now = slot::phase::retiring;
      slots_[i].channel.close(); // it leaves; reap() does the rest
    }
}

void runner::loop::dismiss_keepers() {
  for (auto& s : slots_) {
    s.channel.close();
    if (s.pid != 0 && (s.now == slot::phase::idle || s.now == slot::phase::retiring))
      ::waitpid(s.pid, nullptr, 0); // it leaves at once
    remove_cgroup(s.cgroup);
  }
}

/// By then a keeper that is not frozen has begun to kill, or has said that SIGKILL is of no use. A job may have frozen
/// it; whatever did, nothing may run beyond its lease.
std::int64_t runner::loop::kill_due(const slot& s) {
  constexpr auto never = std::int64_t{1} << 62;
  const auto& r = book_.at(s.record);
  if (s.leaked || s.killed || state_of(r) == hold::ended) return never;
  const auto killing = r.killing_us.load(std::memory_order_relaxed);
  if (killing != 0) return killing + bounds::leak_after + bounds::deaf_after;
  const auto lease = r.deadline_us.load(std::memory_order_relaxed) + bounds::frozen_after;
  return s.stop_by_us == 0 ? lease : std::min(lease, s.stop_by_us + bounds::deaf_after);
}

void runner::loop::kill_frozen_keepers(std::int64_t now) {
  for (auto& s : slots_) {
    if (s.now != slot::phase::busy || now < kill_due(s)) continue;
    s.killed = true;
    log("the keeper of job " + std::to_string(book_.at(s.record).job) + " is frozen; killing it");
    ::kill(s.pid, SIGKILL);
  }
}

} // namespace fabric::exec
