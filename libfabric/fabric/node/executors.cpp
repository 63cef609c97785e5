#include "fabric/node/executors.hpp"

#include <algorithm>
#include <iterator>

namespace fabric::node {

std::vector<place> executors::route(const worker_effect& order) {
  if (const auto* run = std::get_if<run_attempt>(&order)) {
    const auto& o = run->order;
    const auto& own = of(place::handlers).classes;
    const auto where = std::binary_search(own.begin(), own.end(), o.job_class) ? place::handlers : place::runner;
    held_[o.fence] = {where, held::phase::running, {o.fence, o.job, o.attempt, duration{0}, o.lane}, no_time};
    return {where};
  }
  if (const auto* fetch = std::get_if<fetch_attempt>(&order)) {
    const auto found = held_.find(fetch->order.fence);
    if (found != held_.end()) return {found->second.at};
    fetched_[fetch->order.fence] = sides_.size();
    return {place::runner, place::handlers};
  }
  const auto* forget = std::get_if<forget_attempt>(&order);
  const auto fence = forget != nullptr ? forget->fence : std::get<stop_attempt>(order).order.fence;
  const auto found = held_.find(fence);
  if (found == held_.end()) return {place::runner, place::handlers};
  const auto where = found->second.at;
  if (forget != nullptr) held_.erase(found);
  return {where};
}

std::optional<place> executors::where(fence_t fence) const {
  const auto found = held_.find(fence);
  if (found == held_.end() || found->second.in == held::phase::ended) return std::nullopt;
  return found->second.at;
}

std::vector<worker_event> executors::hear(place from, worker_event what, time_point now) {
  if (const auto* up = std::get_if<runner_up>(&what)) {
    replace(from, up->held, now);
    of(from).up = true;
    return whole(now);
  }
  if (auto* classes = std::get_if<classes_changed>(&what)) {
    of(from).classes = std::move(classes->classes);
    classes_changed all;
    std::merge(sides_[0].classes.begin(), sides_[0].classes.end(), sides_[1].classes.begin(), sides_[1].classes.end(),
               std::back_inserter(all.classes));
    return {std::move(all)};
  }
  if (std::holds_alternative<runner_down>(what)) of(from).up = false;
  if (const auto* lacks = std::get_if<runner_lacks>(&what); lacks != nullptr && !is_lacking(lacks->fence)) return {};
  keep(from, what);
  if (const auto* gave = std::get_if<runner_gave>(&what))
    held_[gave->what.fence] = {from, held::phase::running, gave->what, now - gave->what.ran};
  std::vector<worker_event> told;
  told.push_back(std::move(what));
  return told;
}

/// One place does not have it. Whether none has.
bool executors::is_lacking(fence_t fence) {
  const auto found = fetched_.find(fence);
  if (found == fetched_.end()) return !held_.contains(fence);
  if (--found->second > 0) return false;
  fetched_.erase(found);
  return true;
}

void executors::keep(place from, const worker_event& what) {
  if (const auto* e = std::get_if<runner_started>(&what)) {
    if (const auto found = held_.find(e->fence); found != held_.end()) found->second.started = e->at;
  } else if (const auto* r = std::get_if<runner_refused>(&what)) {
    held_.erase(r->fence);
  } else if (const auto* t = std::get_if<runner_took>(&what)) {
    held_.erase(t->fence);
  } else if (const auto* g = std::get_if<runner_gave>(&what)) {
    fetched_.erase(g->what.fence);
  } else if (const auto* l = std::get_if<runner_leaked>(&what)) {
    auto& h = held_[l->fence];
    h.at = from;
    h.in = held::phase::leaked;
  } else if (const auto* d = std::get_if<runner_ended>(&what)) {
    auto& h = held_[d->what.fence];
    h.at = from;
    h.in = held::phase::ended;
    fetched_.erase(d->what.fence);
  }
}

void executors::replace(place from, const std::vector<held_attempt>& all, time_point now) {
  std::erase_if(held_,
                [from](const auto& item) { return item.second.at == from && item.second.in != held::phase::ended; });
  for (const auto& h : all) held_[h.fence] = {from, held::phase::running, h, now - h.ran};
}

std::vector<worker_event> executors::whole(time_point now) const {
  if (!sides_[0].up || !sides_[1].up) return {};
  std::vector<worker_event> told(1);
  runner_up up;
  for (const auto& [fence, h] : held_) {
    if (h.in == held::phase::leaked) told.emplace_back(runner_leaked{fence, "it was so before"});
    if (h.in != held::phase::running) continue;
    up.held.push_back(h.what);
    up.held.back().ran = h.started == no_time ? duration{0} : now - h.started;
  }
  std::sort(up.held.begin(), up.held.end(), [](const auto& a, const auto& b) { return a.fence < b.fence; });
  told.front() = std::move(up);
  return told;
}

} // namespace fabric::node
