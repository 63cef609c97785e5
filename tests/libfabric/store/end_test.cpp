#include "fabric/job/strict_json.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace fabric;
using namespace fabric::store;
using namespace fabric::store::test;

#define BOTH_STORES GENERATE(kind::memory, kind::sqlite)

TEST_CASE("a success keeps its result, and null when there is none", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  end op{running.id, running.fence, "fast", b.fast, {}, {}};
  op.how = {outcome::succeeded, true, start + 1s, 4s, {}, {}, R"({"sum":"é"})", 100};
  b.now += 5s;
  CHECK_FALSE(b.one(op).failure);
  const auto row = b.row(running.id);
  CHECK(row.state == job_state::succeeded);
  CHECK(row.finished_at == start + 5s);
  CHECK(must(b.reader->result(row.id)) == R"({"sum":"é"})");
  const auto attempts = must(b.reader->attempts(row.id));
  CHECK(attempts.at(0).ended_as == outcome::succeeded);
  CHECK(attempts.at(0).started_at == start + 1s);
  CHECK(attempts.at(0).ended_at == start + 5s);
  CHECK(attempts.at(0).run_time == 4s);
  const auto plain = *b.take(b.add()).row;
  b.finish(plain, outcome::succeeded);
  CHECK(must(b.reader->result(plain.id)) == "null");
}

TEST_CASE("each outcome leads to its state and its event", "[store]") {
  struct row {
    outcome how;
    job_state state;
    std::string event;
  };
  const auto which = GENERATE(kind::memory, kind::sqlite);
  const auto [how, state, event] = GENERATE(values<row>({
      {outcome::succeeded, job_state::succeeded, "succeeded"},
      {outcome::failed, job_state::scheduled, "retried"},
      {outcome::crashed, job_state::scheduled, "retried"},
      {outcome::timed_out, job_state::scheduled, "retried"},
      {outcome::memory_exceeded, job_state::buried, "buried"},
      {outcome::lost, job_state::ready, "lost"},
      {outcome::drained, job_state::ready, "drained"},
      {outcome::demoted, job_state::ready, "demoted"},
      {outcome::checkpointed, job_state::ready, "checkpointed"},
      {outcome::cancelled, job_state::cancelled, "cancelled"},
  }));
  CAPTURE(to_string(how));
  bench b(which);
  const auto running = *b.take(b.add()).row;
  CHECK_FALSE(b.finish(running, how, {"slow", 2, 9s}).failure);
  CHECK(b.row(running.id).state == state);
  REQUIRE(b.last.events.size() == 1);
  CHECK(b.last.events[0].kind == event);
  CHECK(b.last.events[0].job == running.id);
  CHECK(b.last.events[0].lane == "fast");
  CHECK(b.last.events[0].node == "a1");
  CHECK(b.last.events[0].attempt == 1);
  CHECK(must(b.reader->attempts(running.id)).at(0).ended_as == how);
  CHECK((b.logged() == std::vector<std::string>{event}) == (how != outcome::succeeded));
}

TEST_CASE("a repeated end is ok and changes nothing, also after the job went on", "[store]") {
  bench b(BOTH_STORES);
  const auto how = GENERATE(outcome::succeeded, outcome::demoted, outcome::lost, outcome::failed);
  const auto running = *b.take(b.add()).row;
  CHECK_FALSE(b.finish(running, how).failure);
  const auto after = b.row(running.id);
  CHECK_FALSE(b.finish(running, how).failure);
  CHECK(b.last.changes.empty());
  CHECK(b.last.events.empty());
  CHECK(b.row(running.id) == after);
  if (after.state != job_state::ready) return;
  b.take(running.id, after.lane);
  CHECK_FALSE(b.finish(running, how).failure);
  CHECK(b.row(running.id).state == job_state::running);
}

TEST_CASE("a repeated end counts as repeated although it counted as something else", "[store]") {
  bench b(BOTH_STORES);
  auto running = *b.take(b.add()).row;
  SECTION("a demotion without a lane to go to is a timeout") {
    b.finish(running, outcome::demoted, {"", 2, 1s});
    CHECK(must(b.reader->attempts(running.id)).at(0).ended_as == outcome::timed_out);
    CHECK_FALSE(b.finish(running, outcome::demoted, {"", 2, 1s}).failure);
  }
  SECTION("a requested cancel wins over a failure") {
    b.one(cancel{running.id, "changed my mind"});
    b.finish(running, outcome::failed);
    CHECK(b.row(running.id).state == job_state::cancelled);
    CHECK(must(b.reader->attempts(running.id)).at(0).ended_as == outcome::cancelled);
    CHECK_FALSE(b.finish(running, outcome::failed).failure);
  }
  CHECK(b.last.changes.empty());
}

TEST_CASE("an end under an old fence is stale, changes no job, and is kept as an event", "[store]") {
  bench b(BOTH_STORES);
  const auto first = *b.take(b.add()).row;
  b.finish(first, outcome::lost);
  const auto second = *b.take(first.id).row;
  end late{first.id, first.fence, "fast", b.fast, {}, {}};
  late.how = {outcome::succeeded, true, start, 1s, "late", R"({"cause":"x"})", "1", 0};
  CHECK(must(b.reader->stale_ends()) == 0);
  CHECK(b.one(late).failure.value().code == errc::stale);
  CHECK(must(b.reader->stale_ends()) == 1);
  CHECK(b.last.changes.empty());
  CHECK(b.row(first.id) == second);
  CHECK(must(b.reader->result(first.id)) == std::nullopt);
  const auto kept = must(b.reader->last_events(1)).at(0);
  CHECK(kept.kind == "stale_end");
  CHECK(kept.job == first.id);
  CHECK(kept.attempt == 1);
  CHECK(kept.text.find(R"({"cause":"x"})") != std::string::npos);
}

TEST_CASE("an end is stale when the attempt ended otherwise, or the job is unknown", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  b.finish(running, outcome::succeeded);
  CHECK(b.finish(running, outcome::failed).failure.value().code == errc::stale);
  CHECK(b.row(running.id).state == job_state::succeeded);
  auto unknown = running;
  unknown.id = 999;
  CHECK(b.finish(unknown, outcome::succeeded).failure.value().code == errc::stale);
  auto future = running;
  future.fence = 999;
  CHECK(b.finish(future, outcome::succeeded).failure.value().code == errc::stale);
  CHECK(must(b.reader->stale_ends()) == 3);
  CHECK_FALSE(b.finish(running, outcome::succeeded).failure); // A repeat is none.
  CHECK(must(b.reader->stale_ends()) == 3);
}

TEST_CASE("the event of a stale end keeps the beginning of its report", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  b.finish(running, outcome::succeeded);
  end late{running.id, running.fence, "fast", b.fast, {}, {}};
  late.how.how = outcome::failed;
  for (int i = 0; i < 1000; ++i) late.how.report += "é";
  const auto lead = GENERATE("", "x"); // A cut would fall inside a character in one of the two.
  late.how.reason = std::string("lost") + lead;
  b.one(late);
  const auto text = must(b.reader->last_events(1)).at(0).text;
  CHECK(text.size() < 410);
  CHECK(text.find("lost") != std::string::npos);
  CHECK(is_utf8(text));
}

TEST_CASE("stale ends are counted over restarts", "[store]") {
  scratch home;
  const auto path = home / "store.db";
  for (std::uint64_t before = 0; before < 3; ++before) {
    const auto store = must(sqlite_store::open(path, roomy()));
    CHECK(store->report().stale_ends == before);
    end late{1, 1, "fast", before + 1, {}, {}};
    late.how.how = outcome::failed;
    must(store->apply(std::vector<operation>{open_lane{"fast"}, late}, start));
    CHECK(must(must(sqlite_reader::open(path))->stale_ends()) == before + 1);
  }
}

TEST_CASE("an end without an outcome is refused and the job keeps running", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  CHECK(b.finish(running, outcome::none).failure.value().code == errc::wrong_state);
  CHECK(b.row(running.id) == running);
}

TEST_CASE("a late end that nobody overtook is accepted, whatever the clock says", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  b.now += std::chrono::hours{5};
  CHECK_FALSE(b.finish(running, outcome::succeeded).failure);
}

TEST_CASE("a demotion moves the job in the same transaction and orders it among all demotions", "[store]") {
  bench b(BOTH_STORES);
  const auto one = *b.take(b.add()).row, two = *b.take(b.add()).row;
  b.finish(two, outcome::demoted);
  REQUIRE(b.last.changes.size() == 2);
  CHECK(b.last.changes[0].lane == "fast");
  CHECK(b.last.changes[0].gone);
  CHECK(b.last.changes[1].lane == "slow");
  CHECK_FALSE(b.last.changes[1].gone);
  b.finish(one, outcome::demoted);
  CHECK(b.row(two.id).demoted_order < b.row(one.id).demoted_order);
  CHECK(b.row(one.id).lane == "slow");
  const auto counts = must(b.reader->counts());
  CHECK(counts.at(0).lane == "fast");
  CHECK(counts.at(0).demoted_out == 2);
  CHECK(counts.at(0).wasted == 6s);
  CHECK(counts.at(1).ready == 2);
}

TEST_CASE("the third failure buries; a kick brings the job back with its counts cleared", "[store]") {
  bench b(BOTH_STORES);
  const auto id = b.add();
  for (int i = 0; i < 3; ++i) {
    b.finish(*b.take(id).row, outcome::failed, {"", 1, {}});
    if (i < 2) b.one(due{id, b.row(id).version, "fast", b.fast});
  }
  CHECK(b.row(id).state == job_state::buried);
  CHECK_FALSE(b.one(kick{id}).failure);
  CHECK(b.row(id).state == job_state::ready);
  CHECK(b.row(id).counts == attempt_counts{});
  REQUIRE(b.last.changes.size() == 1);
  CHECK_FALSE(b.last.changes[0].gone);
  CHECK_FALSE(b.one(kick{id}).failure); // Its first answer may have been lost.
  CHECK(b.last.changes.empty());
  CHECK(b.last.events.empty());
  CHECK(b.take(id).row.value().attempt == 4);
  CHECK_FALSE(b.one(kick{id}).failure);
  CHECK(b.last.changes.empty());
  b.finish(b.row(id), outcome::failed, {"", 1, {}});
  CHECK(b.one(kick{id}).failure.value().code == errc::wrong_state);
  CHECK(b.one(kick{b.add()}).failure.value().code == errc::wrong_state);
  CHECK(b.one(kick{999}).failure.value().code == errc::not_found);
}

TEST_CASE("an end that another node tells is stale, whatever its fence", "[store]") {
  bench b(BOTH_STORES);
  const auto running = *b.take(b.add()).row;
  end op{running.id, running.fence, "fast", b.fast, {}, {}};
  op.how.how = outcome::succeeded;
  op.node = "b1";
  CHECK(b.one(op).failure.value().code == errc::stale);
  CHECK(b.row(running.id).state == job_state::running);
  CHECK(b.logged().back() == "stale_end");
  op.node = running.node;
  CHECK_FALSE(b.one(op).failure);
}
