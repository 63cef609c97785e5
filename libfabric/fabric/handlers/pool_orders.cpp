#include "fabric/config/classes.hpp"
#include "fabric/exec/classify.hpp"
#include "fabric/exec/report.hpp"
#include "fabric/handlers/pool.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

/// What the workers want of the pool, and what they hear of it.
namespace fabric::handlers {

namespace {

/// As wait() would give it: the rules for processes then hold for handlers too.
constexpr int exited_with(int code) { return code << 8; }

exec::ending as_process(const returned& e, stop_reason stopped) {
  exec::ending end;
  end.stopped = stopped;
  if (e.how == returned::way::bad_result) end.bad_result = e.text;
  if (e.how == returned::way::checkpoint) end.wait_status = exited_with(exec::checkpoint_exit);
  if (e.how == returned::way::threw) end.wait_status = exited_with(1);
  return end;
}

std::int64_t micros(time_point t) { return t.time_since_epoch().count(); }

/// See exec/report.hpp.
std::string report_of(const exec::verdict& verdict, stop_reason stopped, time_point started, const returned& e) {
  auto progress = e.progress.empty() ? nlohmann::json() : nlohmann::json::parse(e.progress);
  if (!progress.is_null()) progress["at_us"] = micros(e.progress_at);
  if (verdict.how == outcome::succeeded) return progress.is_null() ? "" : exec::render_good_report(progress.dump());
  auto text = exec::render_lost_report(verdict, stopped, {{micros(started), "started"}, {micros(e.at), "returned"}});
  if (progress.is_null()) return text;
  auto report = nlohmann::json::parse(text);
  report["progress"] = std::move(progress);
  return report.dump();
}

std::string threads_of(const std::string& job_class, const config::handler_threads& threads) {
  if (threads.what == config::handler_threads::kind::own) return "/" + job_class;
  return threads.what == config::handler_threads::kind::io ? "io" : "compute";
}

} // namespace

void pool::on(const exec::worker_joined& e) {
  lanes_.insert(e.lane);
  out_.emplace_back(exec::tell_worker{e.lane, node::classes_changed{classes_}});
  for (const auto& [fence, done] : ended_)
    if (done.lane == e.lane) out_.emplace_back(exec::tell_worker{e.lane, node::runner_ended{done}});
  std::vector<held_attempt> all;
  std::vector<fence_t> leaked;
  for (const auto& [fence, h] : held_) {
    if (h.what.lane != e.lane) continue;
    if (h.leaked) {
      leaked.push_back(fence);
      continue;
    }
    all.push_back(h.what);
    if (h.started != no_time) all.back().ran = now_ - h.started;
  }
  out_.emplace_back(exec::tell_worker{e.lane, node::runner_up{std::move(all)}});
  for (const auto fence : leaked)
    out_.emplace_back(exec::tell_worker{e.lane, node::runner_leaked{fence, "its handler does not return"}});
}

void pool::on(exec::worker_ordered& e) {
  if (auto* r = std::get_if<node::run_attempt>(&e.order))
    run(*r);
  else if (const auto* s = std::get_if<node::stop_attempt>(&e.order))
    stop(s->order.fence, s->order.why, s->order.grace);
  else if (const auto* f = std::get_if<node::forget_attempt>(&e.order))
    ended_.erase(f->fence);
  else if (const auto* t = std::get_if<node::fetch_attempt>(&e.order))
    fetch(e.lane, t->order.fence);
}

/// An attempt that was carried goes from one worker to another; see liaison::fetch.
void pool::fetch(const std::string& lane, fence_t fence) {
  const auto move = [&](std::string& from) {
    if (from == lane) return;
    out_.emplace_back(exec::tell_worker{from, node::runner_took{fence}});
    from = lane;
  };
  if (const auto found = held_.find(fence); found != held_.end()) {
    auto& h = found->second;
    if (h.leaked) return; // It is not renewed: its lease is about to end.
    move(h.what.lane);
    auto what = h.what;
    if (h.started != no_time) what.ran = now_ - h.started;
    out_.emplace_back(exec::tell_worker{lane, node::runner_gave{std::move(what)}});
  } else if (const auto ended = ended_.find(fence); ended != ended_.end()) {
    move(ended->second.lane);
    out_.emplace_back(exec::tell_worker{lane, node::runner_ended{ended->second}});
  } else {
    out_.emplace_back(exec::tell_worker{lane, node::runner_lacks{fence}});
  }
}

void pool::run(node::run_attempt& e) {
  auto& order = e.order;
  if (releasing_) return refuse(order, "the node detaches");
  if (held_.contains(order.fence)) return;
  if (!std::binary_search(classes_.begin(), classes_.end(), order.job_class))
    return refuse(order, "the class has no handler on this node");
  const auto& how = *config::find_class(how_.config, order.job_class);
  const auto& lanes = how_.config.lanes;
  const auto lane = std::find_if(lanes.begin(), lanes.end(), [&](const auto& l) { return l.name == order.lane; });
  held h;
  h.what = {order.fence, order.job, order.attempt, duration{0}, order.lane};
  h.how = &how;
  h.grace = lane == lanes.end() ? config::lane{}.grace : lane->grace;
  h.lease_end = e.deadline;
  if (held_.empty()) next_renewal_ = now_ + how_.renewal;
  held_.emplace(order.fence, std::move(h));
  ++untold_;
  wake_by(e.deadline);
  if (!look_) look_ = now_ + look_after;
  using kind = config::handler_threads::kind;
  const auto size = how.threads.what == kind::own  ? how.threads.count
                    : how.threads.what == kind::io ? how_.config.handlers.io_threads
                                                   : how_.cores;
  out_.emplace_back(run_task{{order.fence, order.job, order.attempt, order.job_class, std::move(order.lane),
                              how.handler, threads_of(order.job_class, how.threads), size, std::move(order.input),
                              how.limits.wall.value_or(duration{0})}});
}

void pool::refuse(const start_order& order, std::string why) {
  out_.emplace_back(exec::tell_worker{order.lane, node::runner_refused{order.fence, std::move(why)}});
}

/// Of several stops the first gives the reason and the earliest the end of patience.
void pool::stop(fence_t fence, stop_reason why, duration grace) {
  const auto found = held_.find(fence);
  if (found == held_.end()) return;
  auto& h = found->second;
  if (h.stopped == stop_reason::none) {
    h.stopped = why;
    h.asked_at = now_;
    h.patience = now_ + grace;
    out_.emplace_back(ask_to_stop{fence});
  }
  h.patience = std::min(h.patience, now_ + grace);
  if (!h.leaked) wake_by(h.patience);
}

void pool::ended(returned& e) {
  const auto found = held_.find(e.fence);
  if (found == held_.end()) return;
  const auto& h = found->second;
  auto verdict = exec::classify(as_process(e, h.stopped));
  if (verdict.how == outcome::failed && e.how == returned::way::threw) verdict.reason = e.text;
  if (verdict.how == outcome::timed_out && h.stopped == stop_reason::stall)
    verdict.reason += exec::stall_words(*h.how->limits.stall_timeout, h.silence, h.progress_at != no_time);
  attempt_end what;
  what.how = verdict.how;
  what.started = true;
  what.started_at = h.started;
  what.run_time = e.at - h.started;
  what.saved = e.saved && verdict.how != outcome::succeeded;
  what.report = report_of(verdict, h.stopped, h.started, e);
  if (verdict.how == outcome::succeeded) what.result = std::move(e.text);
  what.reason = std::move(verdict.reason);
  end(e.fence, h, std::move(what));
}

} // namespace fabric::handlers
