#include "tests/fault/scenario.hpp"
#include "tests/libfabric/store/fixture.hpp"

#include <random>

namespace fabric::fault {

using namespace store;

namespace {

/// Draws operations that mostly fit what the twin holds.
class author {
public:
  explicit author(std::uint64_t seed) : draw_(seed) {}

  std::uint64_t up_to(std::uint64_t n) { return draw_() % (n + 1); }

  operation next(twin& known, bool may_submit, time_point now) {
    const auto rows = *known.itself().list({.limit = 1000});
    if (may_submit && (rows.empty() || up_to(2) == 0)) return new_job();
    if (rows.empty()) return note{"note", "fast", "", 0, "nothing is left"};
    return about(rows[up_to(rows.size() - 1)], known.marks(), now);
  }

private:
  operation new_job() {
    auto op = test::submission(up_to(1) == 0 ? "fast" : "slow", "\"" + std::string(up_to(6000), 'x') + "\"");
    if (up_to(1) == 0) op.spec.idempotency_key = "key" + std::to_string(up_to(99));
    if (up_to(1) == 0) op.spec.ordering_key = "line" + std::to_string(up_to(3));
    if (up_to(3) == 0) op.spec.delay = std::chrono::seconds(up_to(5));
    return op;
  }

  operation about(const job& row, const high_water& marks, time_point now) {
    const auto epoch = row.lane == "fast" ? marks.fast : marks.slow;
    const auto other = row.lane == "fast" ? "slow" : "fast";
    switch (row.state) {
    case job_state::waiting: return cancel{row.id, "not wanted"};
    case job_state::scheduled: return due{row.id, row.version, row.lane, epoch};
    case job_state::ready:
      if (up_to(5) == 0) return cancel{row.id, "not wanted"};
      if (up_to(4) == 0) return move{row.id, row.version, row.lane, epoch, other, up_to(1) == 0};
      return lease{row.id, row.version, row.lane, epoch, "a1", row.lane + "@a1", 15s};
    case job_state::running:
      if (up_to(9) == 0) return extend{row.id, row.fence, std::chrono::seconds(20 + up_to(40))};
      return end_of(row, epoch, now);
    case job_state::buried: return kick{row.id};
    default: return end_of(row, epoch, now); // Late, or sent once more.
    }
  }

  operation end_of(const job& row, std::uint64_t epoch, time_point now) {
    end op{row.id, row.fence, row.lane, epoch, {}, {.move_to = "slow", .lane_count = 2, .retry_after = 2s}};
    op.how.how = up_to(1) == 0 ? outcome::succeeded : static_cast<outcome>(2 + up_to(8));
    op.how.started = true;
    op.how.started_at = now - 1s;
    op.how.run_time = std::chrono::milliseconds(up_to(5000));
    if (op.how.how == outcome::succeeded)
      op.how.result = "\"" + std::string(up_to(3000), 'r') + "\"";
    else
      op.how.report = "{\"stderr\":\"" + std::string(up_to(1000), 'e') + "\"}";
    return op;
  }

  std::mt19937_64 draw_;
};

} // namespace

std::vector<step> draw_steps(std::uint64_t seed, int count) {
  author writes(seed);
  twin known;
  std::vector<step> steps;
  auto now = test::start;
  const auto add = [&](std::vector<operation> ops) {
    steps.push_back({std::move(ops), now});
    known.apply(steps.back());
  };
  add({open_lane{"fast"}, open_lane{"slow"}});
  for (int i = 0; i < count; ++i) {
    now += std::chrono::milliseconds(writes.up_to(2000));
    const bool restarted = i >= count * 2 / 3;
    if (i == count * 2 / 3) {
      steps.push_back({{}, now, true});
      add({open_lane{"fast"}, open_lane{"slow"}});
    }
    // Each of them is drawn before any is applied: some are about the same job, and the later one is refused.
    std::vector<operation> ops;
    for (auto n = 1 + writes.up_to(4); n > 0; --n) ops.push_back(writes.next(known, !restarted, now));
    add(std::move(ops));
    if (i % 4 == 3) add({});
  }
  return steps;
}

std::vector<step> rush_steps() {
  std::vector<operation> rush{open_lane{"fast"}, open_lane{"slow"}}, gone;
  for (job_id id = 1; id <= 20; ++id) {
    rush.push_back(test::submission("fast", "\"" + std::string(6000, 'x') + "\""));
    gone.push_back(cancel{id, "not wanted"});
  }
  const auto later = test::start + 1min;
  return {{rush, test::start},           {gone, test::start}, {{}, later},
          {{test::submission()}, later}, {{}, later},         {{}, later}};
}

} // namespace fabric::fault
