#include "fabric/lane/credit.hpp"

#include <algorithm>

namespace fabric::lane {

void offers::restart(std::uint64_t epoch) {
  lanes_.clear();
  seq_ = epoch << 32;
}

std::optional<offer> offers::say(const std::string& to, level now, bool repeat) {
  auto& giver = lanes_[to];
  if (giver.said == now && giver.said_received == giver.received && !repeat) return std::nullopt;
  giver.said = now;
  giver.said_received = giver.received;
  return offer{to, ++seq_, now.slots, giver.received, std::move(now.classes)};
}

std::uint32_t offers::slots() const {
  std::uint32_t most = 0;
  for (const auto& [name, giver] : lanes_) most = std::max(most, giver.said.slots);
  return most;
}

void credits::on(const offered& what) {
  auto& taker = lanes_[what.from];
  if (what.seq <= taker.seq) return;
  // Who starts counting anew, here or there, starts from what has come. Too much credit mends itself: what comes too
  // late is handed back, and then counts as received.
  const bool anew = taker.seq >> 32 != what.seq >> 32;
  taker.handed = anew ? what.received : std::max(taker.handed, what.received);
  taker.seq = what.seq;
  taker.slots = what.slots;
  taker.received = what.received;
  taker.classes = what.classes;
}

void credits::take_back(const std::string& to) {
  const auto it = lanes_.find(to);
  if (it != lanes_.end() && it->second.handed > it->second.received) --it->second.handed;
}

std::vector<std::string> credits::takers(const std::vector<std::string>& first) const {
  std::vector<std::string> names;
  for (const auto& name : first)
    if (left(name) > 0) names.push_back(name);
  for (const auto& [name, taker] : lanes_)
    if (left(name) > 0 && std::find(first.begin(), first.end(), name) == first.end()) names.push_back(name);
  return names;
}

std::uint64_t credits::left(const std::string& to) const {
  const auto it = lanes_.find(to);
  if (it == lanes_.end()) return 0;
  const auto in_flight = it->second.handed - it->second.received;
  return it->second.slots > in_flight ? it->second.slots - in_flight : 0;
}

} // namespace fabric::lane
