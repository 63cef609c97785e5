#include "tests/actors/scripted_runner.hpp"

#include "actors/overloaded.hpp"

#include <algorithm>

namespace fabric::actors::testing {

namespace {

outcome outcome_of(stop_reason why) {
  switch (why) {
  case stop_reason::budget: return outcome::demoted;
  case stop_reason::cancel: return outcome::cancelled;
  case stop_reason::drain: return outcome::drained;
  case stop_reason::wall: return outcome::timed_out;
  default: return outcome::lost;
  }
}

} // namespace

class scripted_runner::wire final : public runner_wire {
public:
  wire(scripted_runner& process, std::uint64_t number) : process_(process), number_(number) {}
  ~wire() override {
    if (process_.connection_ == number_) process_.say_ = nullptr;
  }
  void send(const exec::to_runner& what) override { process_.receive(what); }
  void flush() override {}

private:
  scripted_runner& process_;
  std::uint64_t number_;
};

expected<std::unique_ptr<runner_wire>> scripted_runner::connect(runner_wire::callback say) {
  if (!reachable_) return fabric::fail(errc::unavailable, "nobody listens");
  say_ = std::move(say);
  auto made = std::make_unique<wire>(*this, ++connection_);
  if (greets) greet();
  return made;
}

void scripted_runner::greet() {
  exec::hello hello;
  hello.protocol = protocol;
  for (const auto& [fence, p] : running)
    hello.held.push_back(
        {fence, p.order.job, p.order.attempt, p.started == no_time ? duration{0} : now_() - p.started, p.order.lane});
  hello.finished = static_cast<std::uint32_t>(finished.size());
  say(std::move(hello));
  for (const auto& [fence, ended] : finished) say(exec::has_ended{ended});
  for (const auto& [fence, p] : running)
    if (p.progress) say(*p.progress);
}

void scripted_runner::start(fence_t fence) {
  auto& p = running.at(fence);
  p.started = now_();
  say(exec::was_started{fence, 100, p.started.time_since_epoch().count()});
}

void scripted_runner::end(fence_t fence, outcome how, std::optional<std::string> result) {
  finish(fence, how, stop_reason::none, std::move(result));
}

void scripted_runner::say_progress(fence_t fence, std::string state) {
  auto& said = running.at(fence).progress;
  said = {fence, now_().time_since_epoch().count(), std::move(state)};
  say(*said);
}

void scripted_runner::cut() {
  reachable_ = false;
  if (const auto say = std::exchange(say_, nullptr)) say({}, true);
}

void scripted_runner::enforce_leases() {
  std::vector<fence_t> over;
  for (const auto& [fence, p] : running)
    if (p.deadline <= now_()) over.push_back(fence);
  for (const auto fence : over) finish(fence, outcome::lost, stop_reason::lease, {});
}

fence_t scripted_runner::fence_of(job_id job) const {
  fence_t newest = 0;
  for (const auto& [fence, p] : running)
    if (p.order.job == job) newest = fence;
  if (newest == 0) throw std::out_of_range("the job " + std::to_string(job) + " does not run");
  return newest;
}

void scripted_runner::receive(const exec::to_runner& what) {
  std::visit(overloaded{
                 [&](const exec::run& e) { take(e); },
                 [&](const exec::stop& e) { stop(e); },
                 [&](const exec::extend& e) {
                   for (const auto& [fence, us] : e.deadlines_us)
                     if (const auto p = running.find(fence); p != running.end())
                       p->second.deadline = std::max(p->second.deadline, time_point{duration{us}});
                 },
                 [&](const exec::forget& e) {
                   if (on_forget) on_forget(e.fence);
                   finished.erase(e.fence);
                   forgotten.push_back(e.fence);
                 },
                 [&](const exec::resize& e) { slots = e.slots; },
                 [&](const exec::prune& e) { pruned.insert(pruned.end(), e.attempts.begin(), e.attempts.end()); },
                 [&](const exec::relane& e) {
                   relanes.push_back(e);
                   if (const auto p = running.find(e.fence); p != running.end()) p->second.order.lane = e.lane;
                 },
                 [](const auto&) {},
             },
             what);
}

void scripted_runner::take(const exec::run& order) {
  if (on_run) on_run(order);
  runs.push_back(order);
  running[order.fence] = {order, no_time, time_point{duration{order.deadline_us}}};
  if (starts) start(order.fence);
}

void scripted_runner::stop(const exec::stop& order) {
  stops.push_back(order);
  if (obeys && running.contains(order.fence)) finish(order.fence, outcome_of(order.why), order.why, {});
}

void scripted_runner::finish(fence_t fence, outcome how, stop_reason stopped, std::optional<std::string> result) {
  const auto& p = running.at(fence);
  attempt_ended ended;
  ended.fence = fence;
  ended.job = p.order.job;
  ended.attempt = p.order.attempt;
  ended.lane = p.order.lane;
  ended.stopped = stopped;
  ended.end.how = how;
  ended.end.started = p.started != no_time;
  ended.end.started_at = p.started;
  ended.end.run_time = ended.end.started ? now_() - p.started : duration{0};
  ended.end.result = std::move(result);
  ended.end.saved = saves;
  if (how != outcome::succeeded) ended.end.reason = "as the script says";
  running.erase(fence);
  finished[fence] = ended;
  say(exec::has_ended{std::move(ended)});
}

void scripted_runner::say(exec::from_runner frame) {
  if (!say_) return;
  std::vector<exec::from_runner> frames;
  frames.push_back(std::move(frame));
  say_(std::move(frames), false);
}

} // namespace fabric::actors::testing
