#include "fabric/policy/registry.hpp"

#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace fabric;
using namespace fabric::actors;
using testing::spec;
using testing::world;
using testing::world_settings;

namespace {

world_settings slow_first() {
  world_settings how;
  how.config.routing.policy = "slow-first";
  how.config.lanes[0].slots = 2;
  return how;
}

template <class T> bool contains(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

} // namespace

TEST_CASE("a client gets its receipt only after the store has committed", "[life]") {
  world w;
  const auto receipt = w.ask_later<receipts>(w.scheduler(), submit_jobs{{spec(), spec()}});
  bool too_early = false;
  std::size_t jobs_at_commit = 0;
  w.store->after_commit = [&](std::span<const store::operation> ops) {
    if (!testing::has<store::submit>(ops)) return;
    jobs_at_commit += ops.size();
    too_early = too_early || receipt->has_value();
  };
  w.run();
  REQUIRE(receipt->has_value());
  CHECK(jobs_at_commit == 2);
  CHECK_FALSE(too_early);
  for (const auto& item : (*receipt)->items) {
    CHECK_FALSE(item.failure);
    CHECK(w.row(item.id).job_class == "work");
  }
}

TEST_CASE("each item of a submission gets an answer of its own", "[life]") {
  world w;
  const auto reply = w.ask_now<receipts>(w.scheduler(), submit_jobs{{spec("wrok"), spec("work")}});
  REQUIRE(reply.items.size() == 2);
  REQUIRE(reply.items[0].failure);
  CHECK(reply.items[0].failure->code == errc::unknown_class);
  CHECK_FALSE(reply.items[1].failure);
  const auto none = w.ask_now<receipts>(w.scheduler(), submit_jobs{});
  CHECK(none.items.empty());
  const auto many = w.ask_now<receipts>(w.scheduler(), submit_jobs{std::vector<job_spec>(513, spec())});
  REQUIRE(many.items.size() == 513);
  CHECK_FALSE(many.items[511].failure);
  REQUIRE(many.items[512].failure);
  CHECK(many.items[512].failure->code == errc::too_large);
}

TEST_CASE("a job runs only after its lease is committed, and is forgotten only after its end is", "[life]") {
  world w;
  job at_run, at_forget;
  w.process.on_run = [&](const exec::run& r) { at_run = w.row(r.job); };
  const auto id = w.submit();
  REQUIRE(w.process.runs.size() == 1);
  const auto run = w.process.runs[0];
  CHECK(at_run.state == job_state::running);
  CHECK(at_run.fence == run.fence);
  CHECK(run.lane == "fast");
  CHECK(run.argv == std::vector<std::string>{"/bin/true"});
  CHECK(w.state(id) == job_state::running);

  w.process.on_forget = [&](fence_t) { at_forget = w.row(id); };
  w.process.end(run.fence, outcome::succeeded, R"({"x":1})");
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.process.forgotten == std::vector<fence_t>{run.fence});
  CHECK(at_forget.state == job_state::succeeded);
  CHECK(w.store->rows->result(id).value() == R"({"x":1})");
  CHECK(w.failures.empty());
}

TEST_CASE("a job over its budget is stopped and goes on in the slow lane", "[life]") {
  world w;
  const auto id = w.submit();
  w.advance(59s);
  CHECK(w.process.stops.empty());
  CHECK(w.row(id).lane == "fast");
  w.advance(2s);
  REQUIRE(w.process.stops.size() == 1);
  CHECK(w.process.stops[0].why == stop_reason::budget);
  const auto row = w.row(id);
  CHECK(row.lane == "slow");
  CHECK(row.counts.demoted == 1);
  CHECK(row.state == job_state::running);
  CHECK(row.wasted >= 60s);
  REQUIRE(w.process.runs.size() == 2);
  CHECK(w.process.runs[1].fence > w.process.runs[0].fence);
  CHECK(w.process.runs[1].lane == "slow");

  w.advance(10min); // No budget there, and its lease is renewed all the time.
  CHECK(w.process.running.size() == 1);
  CHECK(w.process.running.begin()->second.deadline > w.now());
  w.process.end(row.fence, outcome::succeeded);
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
}

TEST_CASE("slow-first: idle fast slots take what waits for the slow lane, for as long as their budget", "[life]") {
  world w{slow_first()};
  std::vector<job_id> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(w.submit());
  REQUIRE(w.process.runs.size() == 3);
  const auto in_lane = [&](const std::string& lane) {
    return std::count_if(w.process.runs.begin(), w.process.runs.end(), [&](const auto& r) { return r.lane == lane; });
  };
  CHECK(in_lane("slow") == 1);
  CHECK(in_lane("fast") == 2);
  CHECK(w.state(ids[3]) == job_state::ready);
  CHECK(w.row(ids[3]).lane == "slow");

  w.process.end(w.process.fence_of(ids[1]), outcome::succeeded);
  w.run();
  CHECK(w.state(ids[1]) == job_state::succeeded);
  CHECK(w.row(ids[3]).lane == "fast"); // The slot that became idle has it.
  CHECK(w.row(ids[3]).overflow_from == "slow");

  w.advance(61s); // Both guests are over the fast budget: back, and the slow slot is still busy.
  for (const auto id : {ids[2], ids[3]}) {
    CHECK(w.row(id).lane == "slow");
    CHECK(w.state(id) == job_state::ready);
    CHECK(w.row(id).counts.demoted == 1);
  }
  w.advance(20s);
  CHECK(w.process.running.size() == 1); // Fast slots may not take them again.
  w.process.end(w.process.fence_of(ids[0]), outcome::succeeded);
  w.run();
  CHECK(w.state(ids[2]) == job_state::running);
  CHECK(w.row(ids[2]).lane == "slow");
}

TEST_CASE("a queued job is cancelled at once, a running one is stopped first", "[life]") {
  auto how = world_settings{};
  how.config.lanes[0].slots = 1;
  world w{how};
  const auto running = w.submit();
  const auto queued = w.submit();
  w.process.obeys = false;
  CHECK_FALSE(w.cancel(queued).failure);
  CHECK(w.state(queued) == job_state::cancelled);
  CHECK_FALSE(w.cancel(running).failure);
  CHECK(w.state(running) == job_state::running);
  REQUIRE_FALSE(w.process.stops.empty());
  CHECK(w.process.stops[0].why == stop_reason::cancel);
  w.process.end(w.process.fence_of(running), outcome::cancelled);
  w.run();
  CHECK(w.state(running) == job_state::cancelled);
  CHECK(w.process.runs.size() == 1);
  const auto again = w.cancel(running);
  CHECK_FALSE(again.failure);
  const auto unknown = w.cancel(99);
  REQUIRE(unknown.failure);
  CHECK(unknown.failure->code == errc::not_found);
}

TEST_CASE("a kick puts a buried job back, and only a buried one", "[life]") {
  world w;
  const auto id = w.submit("work", 1);
  const auto early = w.kick(id);
  REQUIRE(early.failure);
  CHECK(early.failure->code == errc::wrong_state);
  w.process.end(w.process.fence_of(id), outcome::failed);
  w.run();
  CHECK(w.state(id) == job_state::buried);
  CHECK_FALSE(w.kick(id).failure);
  CHECK(w.process.runs.size() == 2);
  w.process.end(w.process.fence_of(id), outcome::succeeded);
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
}

TEST_CASE("a failed attempt is tried again after its backoff", "[life]") {
  world w;
  const auto id = w.submit();
  w.process.end(w.process.fence_of(id), outcome::failed);
  w.run();
  CHECK(w.state(id) == job_state::scheduled);
  w.advance(800ms);
  CHECK(w.process.runs.size() == 1);
  w.advance(400ms);
  CHECK(w.process.runs.size() == 2);
}

TEST_CASE("a drain starts nothing new, hands back at its deadline and tells every fate", "[life]") {
  auto how = world_settings{};
  how.config.lanes[0].slots = 2;
  world w{how};
  const auto done = w.submit();
  const auto kept = w.submit();
  const auto queued = w.submit();
  w.drain(25s);
  const auto refused = w.ask_now<receipts>(w.scheduler(), submit_jobs{{spec()}});
  REQUIRE(refused.items[0].failure);
  CHECK(refused.items[0].failure->code == errc::draining);
  CHECK(w.drained.contains("slow@a1")); // Held nothing.

  w.process.end(w.process.fence_of(done), outcome::succeeded);
  w.advance(24s);
  CHECK(w.process.runs.size() == 2);
  CHECK(w.state(done) == job_state::succeeded);
  CHECK(w.state(kept) == job_state::running);
  CHECK(w.process.stops.empty());
  CHECK_FALSE(w.drained.contains("fast@a1"));

  w.advance(2s);
  REQUIRE(w.process.stops.size() == 1);
  CHECK(w.process.stops[0].why == stop_reason::drain);
  CHECK(w.state(kept) == job_state::ready);
  CHECK(w.row(kept).counts == attempt_counts{});
  CHECK(w.state(queued) == job_state::ready);
  REQUIRE(w.drained.contains("fast@a1"));
  std::map<job_id, std::string> fates;
  for (const auto& f : w.drained["fast@a1"]) fates[f.job] = f.what;
  CHECK(fates == std::map<job_id, std::string>{{done, "succeeded"}, {kept, "handed back"}});
}

TEST_CASE("a node that is to leave its jobs alone starts nothing new and hands nothing back", "[life]") {
  auto how = world_settings{};
  how.config.lanes[0].slots = 1;
  world w{how};
  const auto ends = w.submit();
  const auto queued = w.submit();
  w.drain(24h); // As on SIGUSR2.
  w.process.end(w.process.fence_of(ends), outcome::succeeded);
  w.advance(30s);
  CHECK(w.process.runs.size() == 1);
  CHECK(w.process.stops.empty());
  CHECK(w.state(queued) == job_state::ready);
}

TEST_CASE("messages that nobody understands end no actor", "[life]") {
  world w;
  const auto all = w.children();
  std::vector<caf::actor> everybody{caf::actor_cast<caf::actor>(w.supervisor()),
                                    caf::actor_cast<caf::actor>(w.directory())};
  for (const auto& name : all) everybody.push_back(w.find<caf::actor>(name));
  w.strays.clear();
  for (const auto& handle : everybody) {
    tell_anon(handle, std::string{"what is this"});
    tell_anon(handle, caf::make_error(caf::sec::runtime_error, std::string{"an error from nowhere"}));
    w.ask_later<bool>(handle, std::string{"a question that has no answer"});
    caf::anon_send_exit(handle, caf::exit_reason::out_of_workers); // As if somebody linked to it had ended.
  }
  w.run();
  CHECK(w.failures.empty());
  CHECK(w.strays.size() == 20); // Both lanes have one name, and both workers.
  for (const auto& [actor, what] : w.strays) {
    INFO(actor);
    CHECK(what.size() % 4 == 0);
  }
  CHECK(w.ask_now<directory_entry>(w.directory(), find_actor{"store"}).actor);
  for (const auto& name : all) {
    INFO(name);
    CHECK(w.starts(name) == 1);
  }
  const auto id = w.submit();
  w.process.end(w.process.fence_of(id), outcome::succeeded);
  w.run();
  CHECK(w.state(id) == job_state::succeeded);
}

TEST_CASE("lanes and nodes can be asked for", "[life]") {
  world w;
  const auto id = w.submit();
  const auto lanes = w.ask_now<lane_reports>(w.scheduler(), get_lanes{});
  CHECK(lanes.policy == "fast-first");
  REQUIRE(lanes.lanes.size() == 2);
  CHECK(lanes.lanes[0].now.name == "fast");
  CHECK(lanes.lanes[0].now.busy == 1);
  CHECK(lanes.lanes[0].now.slots == 3);
  CHECK(lanes.lanes[0].counts.running == 1);
  const auto nodes = w.ask_now<node_reports>(w.scheduler(), get_nodes{});
  REQUIRE(nodes.nodes.size() == 1);
  CHECK(nodes.nodes[0].now.node == "a1");
  REQUIRE(nodes.nodes[0].workers.size() == 2);
  CHECK(nodes.nodes[0].workers[0].held.size() == 1);
  const auto hello = w.ask_now<cell_hello>(w.scheduler(), get_hello{});
  CHECK(hello.node == "a1");
  CHECK_FALSE(hello.draining);
  const auto details = w.ask_now<job_details>(w.scheduler(), get_details{id});
  CHECK(details.row.id == id);
  CHECK(details.attempts.size() == 1);
  // Nothing is written in this world: that is an answer too.
  const auto log = w.ask_now<log_piece>(w.scheduler(), read_log{id, 0, false, 0, 100});
  CHECK_FALSE(log.failure);
  CHECK(log.bytes.empty());
}

TEST_CASE("a far instant does not pile up timers", "[life]") {
  world w;
  auto later = spec();
  later.delay = 10h;
  w.ask_now<receipts>(w.scheduler(), submit_jobs{{later}});
  const auto run_one = [&] {
    w.process.end(w.process.fence_of(w.submit()), outcome::succeeded);
    w.advance(10s); // Its nearer timers come and go.
  };
  run_one();
  const auto before = w.timers();
  for (int i = 0; i < 50; ++i) run_one();
  CHECK(w.timers() <= before + 2);
}

TEST_CASE("a delayed job runs when its time has come", "[life]") {
  world w;
  auto later = spec();
  later.delay = 10min;
  const auto id = w.ask_now<receipts>(w.scheduler(), submit_jobs{{later}}).items.at(0).id;
  w.advance(599s);
  CHECK(w.state(id) == job_state::scheduled);
  w.advance(2s);
  CHECK(w.state(id) == job_state::running);
}

TEST_CASE("a second order to drain hands back at once", "[life]") {
  world w;
  const auto id = w.submit();
  w.drain(25s);
  w.advance(1s);
  CHECK(w.state(id) == job_state::running);
  w.drain(0s);
  CHECK(w.state(id) == job_state::ready);
  CHECK(w.drained.contains("fast@a1"));
}

TEST_CASE("a stop ends every actor, those too that others wait for", "[life]") {
  world w;
  w.submit();
  w.ask_later<job_page>(w.scheduler(), wait_jobs{{1}, 30s});
  w.run();
  CHECK(w.alive() > 10);
  w.stop();
  CHECK(w.alive() == 0);
  CHECK(w.failures.empty());
}

TEST_CASE("jobs of an ordering key run one after the other, in lanes of their own", "[life]") {
  world w;
  auto begin = spec(), other = spec(), end = spec();
  begin.ordering_key = other.ordering_key = end.ordering_key = "build-42";
  other.lane = "slow";
  const auto ids = w.ask_now<receipts>(w.scheduler(), submit_jobs{{begin, other, end}}).items;
  CHECK(w.state(ids[0].id) == job_state::running);
  CHECK(w.state(ids[1].id) == job_state::waiting);
  const auto told = w.ask_now<job_details>(w.scheduler(), get_details{ids[2].id});
  CHECK(told.line == key_line{ids[0].id, job_state::running, 2});
  w.process.end(w.process.fence_of(ids[0].id), outcome::succeeded);
  w.run();
  CHECK(w.state(ids[1].id) == job_state::running);
  CHECK(w.row(ids[1].id).lane == "slow");
  CHECK(w.state(ids[2].id) == job_state::waiting);
  w.kill("lane/slow"); // A lane that opens anew holds nothing that waits.
  w.run();
  CHECK(w.state(ids[2].id) == job_state::waiting);
  w.process.end(w.process.fence_of(ids[1].id), outcome::succeeded);
  w.run();
  w.advance(1s);
  CHECK(w.state(ids[1].id) == job_state::succeeded);
  CHECK(w.state(ids[2].id) == job_state::running);
}
