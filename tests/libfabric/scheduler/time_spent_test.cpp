#include "fabric/scheduler/time_spent.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>

using namespace fabric;
using namespace fabric::scheduler;

namespace {

constexpr time_point begin{std::chrono::hours{1}};

attempt ran(std::uint32_t number, duration leased, duration started, duration run, duration ended, outcome how) {
  attempt a;
  a.number = number;
  a.leased_at = begin + leased;
  a.started_at = begin + started;
  a.run_time = run;
  a.ended_at = begin + ended;
  a.ended_as = how;
  return a;
}

job ending(job_state state, duration after) {
  job row;
  row.state = state;
  row.submitted_at = begin;
  row.finished_at = is_final(state) ? begin + after : no_time;
  return row;
}

duration sum(const std::vector<time_part>& parts) {
  duration all{};
  for (const auto& p : parts) all += p.length;
  return all;
}

} // namespace

TEST_CASE("the parts of a finished job are its waits, starts and runs, in order") {
  const std::vector<attempt> attempts{ran(1, 2s, 3s, 4s, 8s, outcome::failed),
                                      ran(2, 10s, 10s, 5s, 16s, outcome::succeeded)};
  const auto parts = time_spent(ending(job_state::succeeded, 16s), attempts, begin);
  CHECK(parts == std::vector<time_part>{{activity::waited, 1, 2s},
                                        {activity::was_started, 1, 1s},
                                        {activity::ran, 1, 4s},
                                        {activity::was_settled, 1, 1s},
                                        {activity::backed_off, 2, 2s},
                                        {activity::ran, 2, 5s},
                                        {activity::was_settled, 2, 1s}});
}

TEST_CASE("a running job's last part grows, a waiting one's too") {
  auto row = ending(job_state::running, 0s);
  row.attempt = 1;
  attempt a;
  a.number = 1;
  a.leased_at = begin + 1s;
  CHECK(time_spent(row, std::vector{a}, begin + 5s) ==
        std::vector<time_part>{{activity::waited, 1, 1s}, {activity::is_running, 1, 4s}});
  CHECK(time_spent(ending(job_state::ready, 0s), {}, begin + 3s) ==
        std::vector<time_part>{{activity::is_waiting, 0, 3s}});
}

TEST_CASE("an attempt that never started took its time too") {
  auto a = ran(1, 1s, 0s, 0s, 3s, outcome::drained);
  a.started_at = no_time;
  CHECK(time_spent(ending(job_state::cancelled, 4s), std::vector{a}, begin) ==
        std::vector<time_part>{{activity::waited, 1, 1s}, {activity::not_started, 1, 2s}, {activity::waited, 0, 1s}});
}

TEST_CASE("whatever the clocks of the nodes say, the parts add up to the whole") {
  std::mt19937 random{7};
  const auto any = [&] { return duration{static_cast<std::int64_t>(random() % 20'000'000) - 2'000'000}; };
  for (int round = 0; round < 500; ++round) {
    std::vector<attempt> attempts;
    for (std::uint32_t n = 1; n <= random() % 5; ++n)
      attempts.push_back(ran(n, any(), any(), any(), any(), static_cast<outcome>(1 + random() % 10)));
    const auto whole = duration{static_cast<std::int64_t>(random() % 15'000'000)};
    CHECK(sum(time_spent(ending(job_state::buried, whole), attempts, begin)) == whole);
    for (const auto& p : time_spent(ending(job_state::buried, whole), attempts, begin)) CHECK(p.length > duration{0});
  }
}

TEST_CASE("what went into attempts that are no longer kept is one part") {
  const std::vector<attempt> attempts{ran(9, 20s, 20s, 5s, 25s, outcome::succeeded)};
  const auto parts = time_spent(ending(job_state::succeeded, 25s), attempts, begin);
  CHECK(parts == std::vector<time_part>{{activity::earlier, 8, 20s}, {activity::ran, 9, 5s}});
}
