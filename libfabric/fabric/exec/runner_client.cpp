#include "fabric/exec/keeper.hpp"
#include "fabric/exec/remains.hpp"
#include "fabric/exec/runner_loop.hpp"
#include "fabric/exec/runner_socket.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace fabric::exec {

void runner::loop::on_connections() {
  for (;;) {
    unique_fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (!socket && errno != EAGAIN && errno != EWOULDBLOCK) {
      // No descriptors or memory: the connection stays in the queue and would wake the loop for ever.
      log("cannot accept a connection: " + errno_text(errno));
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr);
      accept_us_ = boottime_us() + bounds::second;
    }
    if (!socket) return;
    if (same_user(socket.get()))
      greet(std::move(socket));
    else
      log("refused a connection of another user");
  }
}

void runner::loop::greet(unique_fd socket) {
  if (client_.open()) drop_client("replaced by a newer connection");
  client_ = frame_channel(std::move(socket));
  client_wants_write_ = false;
  leaving_ = false; // The fabricd that wanted that is gone.
  watch(client_.fd(), tag_client, EPOLLIN);
  hello h{protocol_version, FABRIC_BUILD, ::getpid(), {}, 0};
  ends_to_tell_.clear();
  progress_.start_over();
  for (const auto& [fence, index] : held_) {
    const auto& r = book_.at(index);
    if (!unfinished(index)) {
      ends_to_tell_.push_back(fence);
      continue;
    }
    const auto ran = state_of(r) == hold::running ? boottime_us() - r.started_us : 0;
    h.held.push_back({fence, r.job, r.attempt, duration(ran), r.lane.str()});
  }
  h.finished = static_cast<std::uint32_t>(ends_to_tell_.size());
  tell(std::move(h));
  if (ends_to_tell_.empty()) tell_leaks();
  tell_more_ends();
}

/// No more than the client reads: all the results of an outage may be far more than memory should hold.
void runner::loop::tell_more_ends() {
  while (client_.open() && !ends_to_tell_.empty() && client_.backlog() < bounds::ends_at_once) {
    const auto fence = ends_to_tell_.front();
    ends_to_tell_.pop_front();
    if (const auto known = held_.find(fence); known != held_.end()) tell_end(known->second);
    if (ends_to_tell_.empty()) tell_leaks();
  }
}

void runner::loop::tell_leaks() {
  const std::string why = "a process outlives SIGKILL";
  for (const auto& s : slots_)
    if (s.now == slot::phase::busy && s.leaked) tell(slot_leaked{book_.at(s.record).fence, why});
  for (const auto& o : orphans_)
    if (o.leak_said) tell(slot_leaked{book_.at(o.record).fence, why});
}

/// It is no reason to fill the memory of a runner whose fabricd does not read: the newest can wait.
bool runner::loop::may_tell_progress() const { return client_.open() && client_.backlog() == 0; }

void runner::loop::tell_progress(std::int64_t now) {
  if (!may_tell_progress()) return;
  for (const auto& said : progress_.take(now)) tell(said);
}

void runner::loop::drop_client(const std::string& why) {
  log("closed the connection: " + why);
  client_.close();
}

void runner::loop::on_client() {
  if (!client_.open()) return;
  const bool alive = client_.receive();
  while (client_.open()) {
    const auto body = client_.next();
    if (!body) return drop_client(body.error().message);
    if (!*body) break;
    obey(**body);
  }
  if (!alive && client_.open()) drop_client("fabricd is gone");
}

void runner::loop::obey(std::string_view body) {
  const auto order = decode_to_runner(body);
  if (!order) return drop_client(order.error().message);
  if (const auto* r = std::get_if<run>(&*order)) return on_run(*r, body);
  if (const auto* s = std::get_if<stop>(&*order)) return on_stop(*s, body);
  if (const auto* f = std::get_if<forget>(&*order)) return on_forget(f->fence);
  if (const auto* p = std::get_if<prune>(&*order)) return on_prune(*p);
  if (const auto* l = std::get_if<relane>(&*order)) return on_relane(*l, body);
  if (const auto* e = std::get_if<extend>(&*order)) {
    for (const auto& one : e->deadlines_us)
      pass_on(one.first, std::string_view(encode(to_runner(extend{{one}}))).substr(4));
  } else if (const auto* s2 = std::get_if<resize>(&*order)) {
    wanted_slots_ = std::min(s2->slots, bounds::slots);
    if (slots_.size() < wanted_slots_) slots_.resize(wanted_slots_);
    retire_surplus();
  } else {
    leaving_ = true;
  }
}

void runner::loop::on_run(const run& order, std::string_view body) {
  if (const auto known = held_.find(order.fence); known != held_.end()) {
    const auto& r = book_.at(known->second);
    if (state_of(r) == hold::ended) return tell_end(known->second);
    if (state_of(r) == hold::running) tell(was_started{r.fence, r.job_pid, r.started_us});
    return; // accepted: its keeper is about to answer
  }
  const auto refuse = [&](std::string why) { tell(was_refused{order.fence, std::move(why)}); };
  if (order.fence == 0) return refuse("fence 0 means none");
  if (draining_ || leaving_) return refuse("the runner is stopping");
  if (body.size() + 4 > frame_max) return refuse("the order is too large");
  if (order.deadline_us <= boottime_us()) return refuse("its lease has ended already");
  std::string why;
  const auto index = free_slot(why);
  if (!index) return refuse(std::move(why));
  const auto record = book_.take();
  if (!record) return refuse("the ledger is full: " + std::to_string(bounds::records) + " attempts are not forgotten");
  auto& s = slots_[*index];
  auto& r = book_.at(*record);
  r.fence = order.fence;
  r.job = order.job;
  r.attempt = order.attempt;
  r.slot = static_cast<std::uint32_t>(*index);
  r.keeper_pid = s.pid;
  r.keeper_start = s.start;
  r.deadline_us.store(order.deadline_us, std::memory_order_relaxed);
  r.boot.set(boot_);
  r.job_class.set(order.job_class);
  r.lane.set(order.lane);
  r.cgroup.set(s.cgroup);
  if (order.user.empty()) r.recycled.set(directories_.take());
  set_state(r, hold::accepted);
  held_[order.fence] = *record;
  s.now = slot::phase::busy;
  s.record = *record;
  s.stop_by_us = order.wall_us > 0 ? boottime_us() + order.wall_us + order.grace_us : 0;
  s.channel.send_body(keeper_frame_head(*record), body);
}

void runner::loop::on_forget(fence_t fence) {
  const auto known = held_.find(fence);
  if (known == held_.end() || unfinished(known->second)) return;
  const auto& r = book_.at(known->second);
  if (r.end_in_file) ::unlink((directory_of(r) + "/end.mp").c_str());
  book_.release(known->second);
  held_.erase(known);
}

/// Of one that has ended already the end keeps its words: the fence alone is what counts.
void runner::loop::on_relane(const relane& what, std::string_view body) {
  const auto known = held_.find(what.fence);
  if (known == held_.end()) return;
  book_.at(known->second).lane.set(what.lane);
  pass_on(what.fence, body);
}

void runner::loop::on_prune(const prune& what) {
  const bool idle = to_prune_.empty();
  // At once: an attempt that comes behind this order must not find a checkpoint that was thrown away.
  for (const auto& [job, attempt] : what.attempts)
    if (attempt == 0 && !runs(job)) directories_.set_checkpoints_aside(job);
  to_prune_.insert(to_prune_.end(), what.attempts.begin(), what.attempts.end());
  if (idle) prune_some(); // So that an order behind it finds the directory.
}

/// A little at a time: leases are renewed here too.
void runner::loop::prune_some() {
  const auto until = boottime_us() + bounds::prune_slice;
  while (!to_prune_.empty() && boottime_us() < until) {
    const auto [job, attempt] = to_prune_.front();
    if (attempt == 0 || !is_held(job, attempt)) {
      const auto done =
          attempt == 0 ? directories_.remove_checkpoints(job, until) : directories_.recycle(job, attempt, until);
      if (done && !*done) return; // The rest of a large one, next time.
      if (!done) log(render(done.error()));
    }
    to_prune_.pop_front();
  }
}

bool runner::loop::is_held(job_id job, std::uint32_t attempt) {
  return std::any_of(held_.begin(), held_.end(), [&](const auto& known) {
    const auto& r = book_.at(known.second);
    return r.job == job && r.attempt == attempt;
  });
}

bool runner::loop::runs(job_id job) {
  return std::any_of(held_.begin(), held_.end(),
                     [&](const auto& known) { return book_.at(known.second).job == job && unfinished(known.second); });
}

void runner::loop::tell(const from_runner& what) {
  if (client_.open()) client_.send(encode(what));
}

void runner::loop::tell_end(std::uint32_t record) {
  if (!client_.open()) return;
  const auto& r = book_.at(record);
  const auto frame = load_end(r, directory_of(r));
  if (frame) return client_.send(*frame);
  client_.send(lost_frame(r, "its end cannot be read: " + render(frame.error())));
}

runner::loop::slot* runner::loop::tending(fence_t fence) {
  const auto known = held_.find(fence);
  if (known == held_.end()) return nullptr;
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const slot& s) {
    return s.now == slot::phase::busy && s.record == known->second;
  });
  return found == slots_.end() ? nullptr : &*found;
}

void runner::loop::pass_on(fence_t fence, std::string_view body) {
  if (auto* s = tending(fence)) s->channel.send_body(keeper_frame_head(s->record), body);
}

void runner::loop::on_stop(const stop& order, std::string_view body) {
  auto* s = tending(order.fence);
  if (s == nullptr) return;
  const auto by = boottime_us() + std::clamp<std::int64_t>(order.grace_us, 0, bounds::grace_max);
  s->stop_by_us = s->stop_by_us == 0 ? by : std::min(s->stop_by_us, by);
  pass_on(order.fence, body);
}

std::string runner::loop::directory_of(const ledger_record& r) const {
  return attempt_directory(options_.spool, r.job, r.attempt);
}

bool runner::loop::unfinished(std::uint32_t record) { return state_of(book_.at(record)) != hold::ended; }

std::size_t runner::loop::unfinished_count() {
  std::size_t count = 0;
  for (const auto& [fence, index] : held_) count += unfinished(index) ? 1 : 0;
  return count;
}

} // namespace fabric::exec
