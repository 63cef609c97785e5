#include "tests/libfabric/lane/lane_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::lane;

namespace {

constexpr policy::demotion_mode restart = policy::demotion_mode::restart, resume = policy::demotion_mode::resume,
                                carry = policy::demotion_mode::carry;

/// A lane of fast (10 s) and slow (no limit) that serves, with one slot on a1.
struct one_slot : lane_fixture {
  explicit one_slot(std::vector<policy::demotion_mode> modes, const std::string& lane = "fast")
      : lane_fixture("fast-first", lane) {
    policy = *policy::make_policy("fast-first",
                                  {{"fast", 10s, {}, std::move(modes), false}, {"slow", {}, {}, {}, false}}, {});
    serve();
    tell(wanted{wants(1)});
  }

  /// Runs job 1 until its budget is over; its fence.
  fence_t over_budget() {
    const auto fence = run_one(1);
    after(10s);
    return fence;
  }

  const effects& gone_running(fence_t fence) {
    auto e = running(1, fence);
    e.version = 9;
    e.ran_before = 10s;
    return feed_gone(e);
  }
};

/// The slow lane, asked whether it takes fence 7 of job 1 on a1.
struct target : one_slot {
  target() : one_slot({carry}, "slow") {}

  const effects& asked() { return tell(carry_asked{"fast", 7, 1, "a1", 10s}); }
  static store::answer yes() {
    store::answer reply;
    reply.row = job{};
    auto& j = *reply.row;
    j.id = 1, j.job_class = "work", j.lane = "slow", j.state = job_state::running, j.version = 3;
    j.fence = 7, j.attempt = 1, j.node = "a1", j.lease = 15s, j.ran_before = 10s;
    return reply;
  }
  static store::lane_entry row_of(const store::answer& reply) { return store::entry_of(*reply.row); }
};

want holding(want w, fence_t fence, duration ran) {
  ++w.seq;
  w.held.push_back({fence, 1, 1, ran, {}});
  return w;
}

} // namespace

// -- the lane that is left --------------------------------------------------------------------------------------------

TEST_CASE("an attempt over budget is first offered to the lane that it is carried to") {
  one_slot f({carry, resume});
  const auto fence = f.over_budget();
  const auto asked = f.all<ask_carry>().at(0);
  CHECK((asked.to == "slow" && asked.fence == fence && asked.id == 1 && asked.node == "a1" && asked.ran == 10s));
  CHECK(f.all<tell_stop>().empty());
  CHECK(f.m->report(f.now).busy == 1);
}

TEST_CASE("what was carried away is forgotten without a stop, and its lease goes on") {
  one_slot f({carry});
  const auto fence = f.over_budget();
  f.gone_running(fence);
  CHECK(f.all<tell_stop>().empty());
  CHECK(f.all<lease_closed>().empty());
  CHECK(f.m->report(f.now).busy == 0);
  f.after(f.how.resend); // Its timer says nothing any more.
  CHECK(f.all<tell_stop>().empty());
}

TEST_CASE("without a slot there, or an answer, the next way is gone") {
  one_slot f({carry, resume});
  const auto fence = f.over_budget();
  SECTION("refused") { f.tell(carry_refused{fence}); }
  SECTION("no answer") { f.after(f.how.resend); }
  REQUIRE(f.all<tell_stop>().size() == 1);
  CHECK(f.all<tell_stop>()[0].order.why == stop_reason::budget);
  f.tell(carry_refused{fence}); // A second answer is none.
  CHECK(f.all<tell_stop>().empty());
}

TEST_CASE("a job that ends while its carry is asked has ended") {
  one_slot f({carry});
  const auto fence = f.over_budget();
  f.tell(ended{f.end_of(fence, 1, outcome::succeeded), "a1"});
  CHECK(f.asks<store::end>().at(0).second.how.how == outcome::succeeded);
  f.gone_running(fence);
  CHECK(f.all<tell_stop>().empty());
  f.tell(carry_refused{fence});
  CHECK(f.all<tell_stop>().empty());
}

TEST_CASE("a cancel goes before a carry that is asked") {
  one_slot f({carry});
  const auto fence = f.over_budget();
  auto e = f.running(1, fence);
  e.version = 8;
  e.cancel_requested = true;
  f.feed_rows({e});
  CHECK(f.all<tell_stop>().at(0).order.why == stop_reason::cancel);
  f.tell(carry_refused{fence});
  CHECK(f.all<tell_stop>().empty());
}

TEST_CASE("while a carry is asked, what the worker holds no more may be another lane's") {
  one_slot f({carry});
  const auto fence = f.over_budget();
  f.tell(wanted{f.wants(1, 2)});
  f.after(f.how.doubt);
  CHECK(f.all<tell_stop>().empty());
  CHECK(f.asks<store::end>().empty());
  const auto ticket = f.asks<store::look>().at(0).first;
  auto reply = target::yes();
  reply.row->fence = fence;
  SECTION("it runs there") {
    f.tell(answered{ticket, reply});
    CHECK(f.m->report(f.now).busy == 0);
  }
  SECTION("it runs here after all") {
    reply.row->lane = "fast";
    f.tell(answered{ticket, reply});
    CHECK(f.m->report(f.now).busy == 1);
  }
  CHECK(f.all<tell_stop>().empty());
}

TEST_CASE("after a fresh open nothing is stopped before the store says that it is over") {
  one_slot f({carry});
  const auto fence = f.over_budget();
  f.tell(feed{{{"fast", 1, 99, false, f.row(2)}}}); // A gap.
  const auto ticket = f.asks<store::open_lane>().at(0).first;
  store::answer reply;
  reply.epoch = 2;
  f.tell(answered{ticket, reply});
  f.tell(page{{{}, 0, true}, {}}); // The job is not here any more.
  CHECK(f.all<tell_stop>().empty());
  const auto [look, op] = f.asks<store::look>().at(0);
  CHECK((op.id == 1 && op.fence == fence));
  SECTION("it runs in another lane") {
    f.ok(look);
    CHECK(f.all<tell_stop>().empty());
    CHECK(f.all<lease_closed>().empty());
  }
  SECTION("it is over") {
    f.refuse(look, errc::stale);
    CHECK(f.all<tell_stop>().at(0).order.why == stop_reason::unknown);
    CHECK(f.all<lease_closed>().at(0).fence == fence);
  }
}

// -- what was saved ---------------------------------------------------------------------------------------------------

TEST_CASE("what was saved counts if the attempt was to be resumed, not if it was to start over") {
  const auto saved = [](std::vector<policy::demotion_mode> modes, std::vector<policy::demotion_mode> of_class = {}) {
    lane_fixture f;
    f.policy = *policy::make_policy("fast-first",
                                    {{"fast", 10s, {}, std::move(modes), false}, {"slow", {}, {}, {}, false}}, {});
    f.how.classes["work"].on_timeout = std::move(of_class);
    f.serve();
    f.tell(wanted{f.wants(1)});
    const auto fence = f.run_one(1);
    f.after(10s);
    if (!f.all<ask_carry>().empty()) f.tell(carry_refused{fence});
    auto e = f.end_of(fence, 1, outcome::demoted, stop_reason::budget);
    e.end.saved = true;
    f.tell(ended{e, "a1"});
    return f.asks<store::end>().at(0).second.how.saved;
  };
  CHECK(saved({resume}));
  CHECK_FALSE(saved({restart}));
  CHECK(saved({carry, resume}));
  CHECK_FALSE(saved({carry, restart}));
  CHECK(saved({restart}, {resume, restart}));
  CHECK_FALSE(saved({resume}, {carry}));
}

// -- the lane that takes it -------------------------------------------------------------------------------------------

TEST_CASE("a lane that is asked keeps a slot on the same node and asks the store") {
  target f;
  f.asked();
  const auto [ticket, op] = f.asks<store::carry>().at(0);
  CHECK((op.id == 1 && op.fence == 7 && op.from == "fast" && op.lane == "slow" && op.epoch == 1 && op.ran == 10s));
  CHECK(f.m->report(f.now).busy == 1);
  f.feed_rows({f.row(2)}); // The slot is taken.
  CHECK(f.leased().empty());
  f.asked();
  CHECK(f.asks<store::carry>().empty()); // A repeat.
  f.tell(answered{ticket, f.yes()});
  CHECK(f.all<tell_take>().at(0).order.fence == 7);
  CHECK(f.all<lease_began>().at(0).length == 15s);
  CHECK(f.m->report(f.now).busy == 1);
  f.feed_rows({f.row_of(f.yes())});
  CHECK(f.m->report(f.now).busy == 1);
  CHECK(f.all<lease_began>().empty());
}

TEST_CASE("the feed may tell of a carry before its answer, and of its end too") {
  target f;
  f.asked();
  const auto ticket = f.asks<store::carry>().at(0).first;
  f.feed_rows({f.row_of(f.yes())});
  CHECK(f.m->report(f.now).busy == 1);
  auto over = f.row_of(f.yes());
  over.version = 4;
  over.state = job_state::succeeded;
  f.feed_gone(over);
  CHECK(f.all<lease_closed>().at(0).fence == 7);
  CHECK(f.m->report(f.now).busy == 0);
  f.tell(answered{ticket, f.yes()});
  CHECK(f.m->report(f.now).busy == 0);
  CHECK(f.all<tell_take>().empty());
}

TEST_CASE("a lane without a free slot on that node refuses, and so does one whose store refuses") {
  target f;
  SECTION("no slot") { f.tell(wanted{f.wants(0, 2)}); }
  SECTION("only the slot of another node") {
    f.tell(wanted{f.wants(0, 2)});
    f.tell(wanted{f.wants(5, 1, "b1")});
  }
  SECTION("the slot is busy") { f.run_one(2); }
  f.asked();
  CHECK(f.all<refuse_carry>().at(0).to == "fast");
  CHECK(f.all<refuse_carry>().at(0).fence == 7);
  CHECK(f.asks<store::carry>().empty());
}

TEST_CASE("a carry that the store refuses frees the slot for the next job") {
  target f;
  f.asked();
  const auto ticket = f.asks<store::carry>().at(0).first;
  f.feed_rows({f.row(2)});
  f.refuse(ticket, errc::stale);
  CHECK(f.all<refuse_carry>().at(0).fence == 7);
  CHECK(f.leased() == std::vector<job_id>{2});
}

TEST_CASE("a question that comes before the node has spoken waits for it, but not for ever") {
  lane_fixture f("fast-first", "slow");
  f.boot();
  f.tell(carry_asked{"fast", 7, 1, "a1", 10s});
  f.serve();
  CHECK(f.all<refuse_carry>().empty());
  SECTION("it says what it offers") {
    auto away = f.wants(0, 1);
    away.held_known = false; // Its runner is not there yet.
    f.tell(wanted{away});
    CHECK(f.all<refuse_carry>().empty());
    f.tell(wanted{f.wants(1, 2)});
    CHECK(f.asks<store::carry>().size() == 1);
  }
  SECTION("it comes too late") {
    f.now += f.how.resend;
    f.tell(wanted{f.wants(1)});
    CHECK(f.asks<store::carry>().empty());
  }
}

TEST_CASE("a carried attempt is fetched until its node answers, and its budget counts from the carry") {
  one_slot f({carry});
  auto row = f.running(1, 7);
  row.ran_before = 25s;
  f.feed_rows({row});
  CHECK(f.all<tell_take>().size() == 1);
  f.after(f.how.resend);
  CHECK(f.all<tell_take>().size() == 1);
  f.tell(wanted{f.wants(1, 5)}); // Does not hold it yet.
  CHECK(f.all<tell_take>().size() == 1);
  f.after(f.how.doubt);
  CHECK(f.asks<store::end>().empty());
  f.tell(started{{7, 26s}});
  f.after(f.how.resend);
  CHECK(f.all<tell_take>().empty());
  f.after(9s - f.how.resend - 1us);
  CHECK(f.all<ask_carry>().empty());
  f.after(1us);
  CHECK(f.all<ask_carry>().at(0).ran == 35s);
}

TEST_CASE("a carried attempt that its node does not hold is lost, counted since it had started") {
  one_slot f({carry});
  auto row = f.running(1, 7);
  row.ran_before = 25s;
  f.feed_rows({row});
  f.tell(absent{{7}});
  SECTION("for good") {
    f.after(f.how.doubt);
    const auto op = f.asks<store::end>().at(0).second;
    CHECK((op.fence == 7 && op.how.how == outcome::lost && op.how.started));
  }
  SECTION("after all it does") {
    f.tell(wanted{holding(f.wants(1), 7, 26s)});
    f.after(f.how.doubt);
    CHECK(f.asks<store::end>().empty());
  }
}

TEST_CASE("a stop that the lane before had sent lets the job start over here") {
  one_slot f({carry}, "slow");
  auto row = f.running(1, 7);
  row.ran_before = 10s;
  f.feed_rows({row});
  f.tell(started{{7, 10s}});
  auto e = f.end_of(7, 1, outcome::demoted, stop_reason::budget);
  e.end.run_time = 11s;
  f.tell(ended{e, "a1"});
  const auto op = f.asks<store::end>().at(0).second;
  CHECK((op.how.how == outcome::demoted && op.decision.move_to == "slow"));
}

TEST_CASE("a paused lane takes no attempt from another, though it has a free slot") {
  target f;
  store::lane_change paused{"slow", f.epoch, ++f.seq, false, {}};
  paused.pause = lane_pause{f.now, no_time, "new disk"};
  f.tell(feed{{paused}});
  f.asked();
  CHECK(f.asks<store::carry>().empty());
  REQUIRE(f.all<refuse_carry>().size() == 1);
  CHECK(f.all<refuse_carry>()[0].fence == 7);
}
