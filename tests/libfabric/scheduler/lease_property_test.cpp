#include "fabric/scheduler/membership.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <random>

using namespace fabric;
using namespace fabric::scheduler;

namespace {

/// One holder and one granter with messages that are late, lost or doubled; the store answers late, or never.
/// Virtual time in steps of 100 ms; messages of one direction keep their order.
class lease_world {
public:
  explicit lease_world(std::uint64_t seed) : random_(seed) {
    const auto want_sent = now_;
    now_ += draw(0, 3'000);
    granter_.handle(attempt_leased{1, 1, "slow", "a", 15s}, now_);
    holder_end_ = want_sent + 15s; // The start counts from the want.
  }

  /// Runs until the granter ends the lease, or for an hour. Half-way the link may break for good.
  bool run() {
    const auto breaks = now_ + draw(0, 1'800'000);
    for (const auto limit = now_ + 1h; now_ < limit && !ended_; now_ += 100ms) {
      broken_ = now_ >= breaks;
      if (chance(0.0005)) return_at_ = now_ + draw(1'000, 60'000); // The granter's process is frozen.
      hold();
      if (now_ >= return_at_) grant();
    }
    return ended_;
  }

  time_point holder_end() const { return holder_end_; }
  time_point now() const { return now_; }

private:
  void hold() {
    if (now_ >= next_renewal_ && now_ < holder_end_) {
      next_renewal_ = now_ + 5s;
      sent_[++seq_] = now_;
      if (!broken_ && !chance(0.2)) to_granter_.emplace(arrival(last_to_granter_), node_renewed{"a", 1, seq_, {1}});
    }
    for (; !to_holder_.empty() && to_holder_.begin()->first <= now_; to_holder_.erase(to_holder_.begin()))
      if (now_ < holder_end_) // What has ended is not brought back.
        for (const auto& [fence, length] : to_holder_.begin()->second.lengths)
          holder_end_ = std::max(holder_end_, sent_[to_holder_.begin()->second.seq] + length);
  }

  void grant() {
    for (; !to_granter_.empty() && to_granter_.begin()->first <= now_; to_granter_.erase(to_granter_.begin())) {
      perform(granter_.handle(to_granter_.begin()->second, now_));
      if (chance(0.1)) perform(granter_.handle(to_granter_.begin()->second, now_));
    }
    if (const auto due = granter_.wake_at(); due && now_ >= *due) perform(granter_.handle(membership_tick{}, now_));
  }

  void perform(const membership_effects& all) {
    for (const auto& e : all) {
      if (const auto* reply = std::get_if<leases_granted>(&e); reply && !broken_ && !chance(0.2))
        to_holder_.emplace(arrival(last_to_holder_), *reply);
      if (const auto* ask = std::get_if<extend_lease>(&e); ask && !chance(0.3))
        to_granter_.emplace(now_ + draw(0, 4'000), lease_extended{1, ask->length, !chance(0.1)});
      if (std::holds_alternative<lease_ended>(e)) ended_ = true;
    }
  }

  time_point arrival(time_point& last) { return last = std::max(last, now_ + draw(0, 4'000)); }
  duration draw(int from_ms, int to_ms) {
    return std::chrono::milliseconds{std::uniform_int_distribution<int>{from_ms, to_ms}(random_)};
  }
  bool chance(double p) { return std::bernoulli_distribution{p}(random_); }

  std::mt19937_64 random_;
  membership granter_{lease_settings{}};
  time_point now_{std::chrono::hours{1000}};
  time_point holder_end_{};
  time_point next_renewal_{};
  time_point return_at_{}; ///< Until then the granter does not run.
  time_point last_to_granter_{}, last_to_holder_{};
  std::uint64_t seq_ = 0;
  std::map<std::uint64_t, time_point> sent_;
  std::multimap<time_point, membership_event> to_granter_;
  std::multimap<time_point, leases_granted> to_holder_;
  bool broken_ = false;
  bool ended_ = false;
};

/// Whether an attempt of this age outlives an outage of the granter; the link is perfect otherwise.
bool survives(duration age, duration outage) {
  const time_point began{std::chrono::hours{1000}};
  membership granter{lease_settings{}};
  granter.handle(attempt_leased{1, 1, "slow", "a", 15s}, began);
  auto holder_end = began + 15s;
  for (duration now = 5s; now <= age; now += 5s) {
    for (const auto& e : granter.handle(node_renewed{"a", 1, 1, {1}}, began + now)) {
      if (const auto* ask = std::get_if<extend_lease>(&e))
        granter.handle(lease_extended{1, ask->length, true}, began + now);
      if (const auto* reply = std::get_if<leases_granted>(&e))
        holder_end = std::max(holder_end, began + now + reply->lengths.at(0).second);
    }
  }
  return holder_end > began + age + outage;
}

} // namespace

TEST_CASE("the holder's end is always earlier than the granter's", "[membership]") {
  int ended = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    lease_world world{seed};
    if (!world.run()) continue;
    ++ended;
    REQUIRE(world.holder_end() < world.now());
  }
  CHECK(ended > 20);
}

TEST_CASE("an attempt older than twice the outage and five seconds survives it", "[membership]") {
  for (duration outage = 0s; outage <= 8min; outage += 3s)
    for (duration beyond = 1s; beyond <= 40s; beyond += 3s) {
      const auto age = 2 * (outage + 5s) + beyond;
      INFO("age " << age.count() << " us, outage " << outage.count() << " us");
      REQUIRE(survives(age, outage));
    }
}
