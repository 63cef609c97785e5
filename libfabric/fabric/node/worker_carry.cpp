#include "fabric/node/worker.hpp"

/// Attempts that are carried from one lane to another: the process stays, the worker that answers for it changes.
namespace fabric::node {

void worker::on(const lane_take& e, time_point now, worker_effects& out) {
  const auto fence = e.order.fence;
  if (const auto known = held_.find(fence); known != held_.end()) return repeat_known(known->second, fence, now, out);
  // While the runner is away nobody knows what the node holds; the lane asks again.
  if (runner_known_ && runner_up_) out.push_back(fetch_attempt{e.order});
}

void worker::on(const runner_gave& e, time_point now, worker_effects& out) {
  const auto& what = e.what;
  auto& h = held_[what.fence];
  if (h.at == phase::ended) return;
  // One whose process does not exist yet cannot have been carried; should it be, its start is told later.
  h = {what.job, what.attempt, what.ran > duration{0} ? phase::running : phase::asked, now - what.ran, {}, {}};
  repeat_known(h, what.fence, now, out);
  say_want(now, out);
  if (handed_back_) out.push_back(stop_attempt{{what.fence, stop_reason::drain, how_.hand_back_grace}});
}

void worker::on(const runner_took& e, time_point now, worker_effects& out) {
  leaked_.erase(e.fence);
  if (held_.erase(e.fence) > 0) say_want(now, out);
}

void worker::on(const runner_lacks& e, time_point now, worker_effects& out) {
  if (const auto known = held_.find(e.fence); known != held_.end())
    return repeat_known(known->second, e.fence, now, out);
  out.push_back(tell_absent{{e.fence}});
}

} // namespace fabric::node
