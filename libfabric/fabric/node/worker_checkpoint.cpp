#include "fabric/node/worker.hpp"

#include <algorithm>
#include <utility>

/// What earlier attempts of a job left lies on another node, or is to be forgotten: that comes before the start.
namespace fabric::node {

void worker::run(const start_order& order, time_point deadline, time_point now, worker_effects& out) {
  auto& h = held_.emplace(order.fence, held{order.job, order.attempt, phase::asked, {}, {}, {}}).first->second;
  if (order.attempt <= 1 || order.kept_on == how_.node) return void(out.emplace_back(run_attempt{order, deadline}));
  // Half of the lease stays for the runner to start it, and to have it lengthened: a renewal is a third of a first one.
  const auto until = now + (deadline - now) / 2;
  out.emplace_back(bring_checkpoint{{order.fence, order.job, order.job_class, order.kept_on, order.kept_work, until}});
  h.start = {order, deadline};
}

void worker::on(const checkpoint_settled& e, time_point now, worker_effects& out) {
  const auto known = held_.find(e.fence);
  if (known == held_.end() || !known->second.start) return;
  if (!e.ok) return give_back(e.fence, "what earlier attempts left could not be settled here", out);
  if (!runner_up_) return give_back(e.fence, "the node's runner is away", out);
  if (known->second.start->deadline - now < shortest_lease)
    return give_back(e.fence, "its lease ended before its checkpoint was here", out);
  out.emplace_back(*std::exchange(known->second.start, std::nullopt));
}

/// Nobody else has heard of it.
void worker::give_back(fence_t fence, std::string why, worker_effects& out) {
  const auto known = held_.find(fence);
  if (drain_deadline_) fates_.push_back({known->second.job, known->second.attempt, "handed back"});
  held_.erase(known);
  refuse(fence, std::move(why), out);
}

} // namespace fabric::node
