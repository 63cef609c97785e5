#include "fabric/lane/waiting.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>
#include <set>

using namespace fabric;
using namespace fabric::lane;

namespace {

const time_point now{1h};

store::lane_entry entry(job_id id, std::uint32_t priority = 5, job_state state = job_state::ready) {
  store::lane_entry e;
  e.id = id;
  e.version = 1;
  e.priority = priority;
  e.state = state;
  e.job_class = "work";
  return e;
}

} // namespace

TEST_CASE("jobs come out in order whatever was put, replaced, taken and erased") {
  std::mt19937_64 random(4);
  names classes;
  waiting_jobs jobs(classes, true);
  std::set<std::pair<std::uint32_t, job_id>> expected;
  for (int i = 0; i < 2000; ++i) {
    const job_id id = 1 + random() % 200;
    const auto priority = static_cast<std::uint32_t>(random() % 20);
    std::erase_if(expected, [&](const auto& e) { return e.second == id; });
    if (random() % 3 == 0) {
      jobs.erase(id);
    } else {
      jobs.put(entry(id, priority), now);
      expected.emplace(priority, id);
    }
    REQUIRE(jobs.ready() == expected.size());
    const auto* const best = jobs.best(classes.intern("work"));
    REQUIRE((best == nullptr) == expected.empty());
    if (best != nullptr) REQUIRE(best->first == expected.begin()->second);
  }
}

TEST_CASE("what was taken is in no heap until it is restored in its old place") {
  names classes;
  waiting_jobs jobs(classes, true);
  jobs.put(entry(1), now);
  jobs.put(entry(2), now);
  jobs.take(*jobs.find(1));
  CHECK(jobs.best(0)->first == 2);
  jobs.restore(*jobs.find(1));
  CHECK(jobs.best(0)->first == 1);
}

TEST_CASE("delayed jobs come out by their time, then by id") {
  names classes;
  waiting_jobs jobs(classes, true);
  for (const auto& [id, delay] : std::vector<std::pair<job_id, duration>>{{3, 2s}, {1, 2s}, {2, 1s}}) {
    auto e = entry(id, 5, job_state::scheduled);
    e.run_at = now + delay;
    jobs.put(e, now);
  }
  std::vector<job_id> order;
  while (auto* const j = jobs.next_due()) {
    order.push_back(j->first);
    jobs.erase(j->first);
  }
  CHECK(order == std::vector<job_id>{2, 1, 3});
}

TEST_CASE("neither demoted jobs nor guests are fresh") {
  names classes;
  waiting_jobs jobs(classes, true);
  auto demoted = entry(1);
  demoted.demoted_order = 4;
  auto guest = entry(2);
  guest.overflow_from = "slow";
  jobs.put(demoted, now);
  jobs.put(guest, now);
  CHECK(jobs.best_fresh(0) == nullptr);
  CHECK(jobs.guests() == std::set<job_id>{2});
  CHECK(jobs.overflow_from(*jobs.find(2)) == "slow");
  jobs.put(entry(3, 9), now);
  CHECK(jobs.best_fresh(0)->first == 3);
  CHECK(jobs.best(0)->first == 1);
}
