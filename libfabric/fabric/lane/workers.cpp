#include "fabric/lane/workers.hpp"

#include "fabric/invariant.hpp"

#include <algorithm>

namespace fabric::lane {

bool worker_slots::can_run(name_id job_class) const {
  return std::binary_search(classes.begin(), classes.end(), job_class) && !not_now.contains(job_class);
}

bool workers::update(const want& w) {
  auto& known = at(w.node);
  if (known.present && known.boot == w.boot && w.seq <= known.seq) return false;
  known.worker = w.worker;
  known.present = true;
  known.has_runner = w.held_known;
  known.boot = w.boot;
  known.seq = w.seq;
  known.slots = w.slots;
  known.classes.clear();
  for (const auto& name : w.classes) known.classes.push_back(classes_.intern(name));
  std::sort(known.classes.begin(), known.classes.end());
  known.not_now.clear();
  return true;
}

void workers::forget(const std::string& node, std::uint64_t boot) {
  const auto it = by_node_.find(node);
  if (it == by_node_.end() || (boot != 0 && it->second.boot != boot)) return;
  it->second.present = false;
}

void workers::release(const std::string& node) {
  auto& known = at(node);
  invariant(known.taken > 0);
  --known.taken;
}

const worker_slots* workers::find(const std::string& node) const {
  const auto it = by_node_.find(node);
  return it != by_node_.end() && it->second.present ? &it->second : nullptr;
}

const worker_slots* workers::choose(name_id job_class) const {
  const worker_slots* best = nullptr;
  for (const auto& [node, w] : by_node_)
    if (w.free() > (best == nullptr ? 0 : best->free()) && w.can_run(job_class)) best = &w;
  return best;
}

bool workers::heard() const {
  return std::any_of(by_node_.begin(), by_node_.end(),
                     [](const auto& item) { return item.second.present && item.second.has_runner; });
}

std::uint32_t workers::free() const {
  std::uint32_t sum = 0;
  for (const auto& [node, w] : by_node_) sum += w.free();
  return sum;
}

std::uint32_t workers::slots() const {
  std::uint32_t sum = 0;
  for (const auto& [node, w] : by_node_) sum += w.present ? w.slots : 0;
  return sum;
}

std::uint32_t workers::taken() const {
  std::uint32_t sum = 0;
  for (const auto& [node, w] : by_node_) sum += w.taken;
  return sum;
}

std::vector<std::string> workers::classes() const {
  std::set<std::string> all;
  for (const auto& [node, w] : by_node_)
    if (w.present)
      for (const auto c : w.classes) all.insert(classes_[c]);
  return {all.begin(), all.end()};
}

std::vector<std::string> workers::free_classes() const {
  std::set<std::string> all;
  for (const auto& [node, w] : by_node_) {
    if (w.free() == 0) continue;
    for (const auto c : w.classes)
      if (!w.not_now.contains(c)) all.insert(classes_[c]);
  }
  return {all.begin(), all.end()};
}

worker_slots& workers::at(const std::string& node) {
  auto& w = by_node_[node];
  if (w.node.empty()) w.node = node;
  return w;
}

} // namespace fabric::lane
