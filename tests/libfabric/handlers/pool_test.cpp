#include "tests/libfabric/handlers/pool_fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace fabric;
using namespace fabric::handlers;
using namespace fabric::handlers::testing;

namespace {

TEST_CASE("a worker that joins hears of the classes whose handler is here, and that nothing is held", "[handlers]") {
  fixture f;
  CHECK(told<node::classes_changed>(f.first).at(0).classes ==
        std::vector<std::string>{"chatty", "own", "short", "thumb", "wait"});
  CHECK(told<node::runner_up>(f.first).at(0).held.empty());
  const auto complaints = all<exec::complaint>(f.first);
  REQUIRE(complaints.size() == 1);
  CHECK(complaints[0].text == "class strange cannot run here: this program has no handler \"nobody\"; it has "
                              "\"resize\", \"wait\"");
}

TEST_CASE("an order becomes a task for the threads of its class", "[handlers]") {
  fixture f;
  const auto thumb = all<run_task>(f.order(1)).at(0).what;
  CHECK(thumb.job == 101);
  CHECK(thumb.attempt == 2);
  CHECK(thumb.handler == "resize");
  CHECK(thumb.input == R"({"a":1})");
  CHECK(thumb.threads == "compute");
  CHECK(thumb.size == 2);
  CHECK(all<run_task>(f.order(2, "wait")).at(0).what.size == 64);
  const auto own = all<run_task>(f.order(3, "own")).at(0).what;
  CHECK(own.threads == "/own");
  CHECK(own.size == 3);
  CHECK(all<run_task>(f.order(4, "short")).at(0).what.wall == 5s);
}

TEST_CASE("a repeated order runs nothing twice, and what is no handler's is refused", "[handlers]") {
  fixture f;
  f.order(1);
  CHECK(f.order(1).empty());
  for (const auto* name : {"sh", "strange", "off"}) CHECK(told<node::runner_refused>(f.order(2, name)).size() == 1);
}

TEST_CASE("what is returned is the result", "[handlers]") {
  fixture f;
  f.order(1);
  f.begin(1);
  f.now += 1s;
  const auto end = end_in(f.finish(1, returned::way::result, R"({"width":640})"));
  CHECK(end.fence == 1);
  CHECK(end.job == 101);
  CHECK(end.attempt == 2);
  CHECK(end.lane == "fast");
  CHECK(end.end.how == outcome::succeeded);
  CHECK(end.end.result == R"({"width":640})");
  CHECK(end.end.started);
  CHECK(end.end.run_time == 1s);
  CHECK(end.end.report.empty());
}

TEST_CASE("what is thrown is the reason of a failure", "[handlers]") {
  fixture f;
  f.order(1);
  f.begin(1);
  const auto end = end_in(f.finish(1, returned::way::threw, "no such picture", R"({"percent":40})"));
  CHECK(end.end.how == outcome::failed);
  CHECK(end.end.reason == "no such picture");
  CHECK(!end.end.result);
  const auto report = nlohmann::json::parse(end.end.report);
  CHECK(report["reason"] == "no such picture");
  CHECK(report["progress"]["percent"] == 40);
}

TEST_CASE("a bad result fails, a saved checkpoint does not", "[handlers]") {
  fixture f;
  f.order(1), f.order(2);
  f.begin(1), f.begin(2);
  const auto bad = end_in(f.finish(1, returned::way::bad_result, "it is over 1 MiB"));
  CHECK(bad.end.how == outcome::failed);
  CHECK(bad.end.reason == "bad_result: it is over 1 MiB");
  CHECK(end_in(f.finish(2, returned::way::checkpoint, "saved")).end.how == outcome::checkpointed);
}

TEST_CASE("a handler that is done at once is not said to have started; one that goes on is", "[handlers]") {
  fixture f;
  f.order(1);
  CHECK(told<node::runner_started>(f.handle(news{{{1, f.now}}, {{1, {}, "1", {}, f.now}}})).empty());
  f.order(2);
  CHECK(all<look_at_tasks>(f.pass(look_after)).size() == 1);
  const auto started = told<node::runner_started>(f.begin(2));
  REQUIRE(started.size() == 1);
  CHECK(started[0].at == f.now);
}

TEST_CASE("the pool looks for what has begun only while something may have", "[handlers]") {
  fixture f;
  CHECK(!f.machine.wake_at());
  f.order(1);
  CHECK(all<look_at_tasks>(f.pass(3 * look_after)).size() == 3);
  f.begin(1);
  CHECK(all<look_at_tasks>(f.pass(10 * look_after)).size() == 1);
  f.finish(1);
  CHECK(!f.machine.wake_at());
}

TEST_CASE("a stop asks, and what heeds it ends as the stop says", "[handlers]") {
  for (const auto& [why, how] : std::vector<std::pair<stop_reason, outcome>>{{stop_reason::budget, outcome::demoted},
                                                                             {stop_reason::cancel, outcome::cancelled},
                                                                             {stop_reason::drain, outcome::drained},
                                                                             {stop_reason::unknown, outcome::lost}}) {
    fixture f;
    f.order(1);
    f.begin(1);
    CHECK(all<ask_to_stop>(f.stop(1, why)).size() == 1);
    CHECK(f.stop(1, why).empty());
    const auto end = end_in(f.finish(1, returned::way::threw, "stopped"));
    CHECK(end.end.how == how);
    CHECK(end.stopped == why);
  }
}

TEST_CASE("a result in the grace period is a success, whatever the stop", "[handlers]") {
  fixture f;
  f.order(1);
  f.begin(1);
  f.stop(1, stop_reason::budget);
  CHECK(end_in(f.finish(1)).end.how == outcome::succeeded);
}

TEST_CASE("what had not begun when it was stopped has not run", "[handlers]") {
  fixture f;
  f.order(1);
  f.stop(1, stop_reason::drain);
  const auto end = end_in(f.machine.withdrawn(1, f.now));
  CHECK(end.end.how == outcome::drained);
  CHECK(!end.end.started);
}

TEST_CASE("a handler that has not returned after the grace is abandoned", "[handlers]") {
  fixture f;
  f.order(1);
  f.begin(1);
  f.stop(1, stop_reason::budget, 1s);
  CHECK(told<node::runner_leaked>(f.pass(999ms)).empty());
  const auto effects = f.pass(1ms);
  CHECK(all<abandon_task>(effects).size() == 1);
  const auto leaks = told<node::runner_leaked>(effects);
  REQUIRE(leaks.size() == 1);
  CHECK(leaks[0].why == "its handler has not returned 1000 ms after it was asked to stop (budget)");
  CHECK(all<exec::raise_alarm>(effects).at(0).kind == "slot_leaked");
  CHECK(all<too_many_leaked>(effects).empty());
  // Its lease is not renewed any more.
  for (const auto& m : all<exec::renew_fences>(f.pass(20s))) CHECK(m.fences.empty());
}

TEST_CASE("what an abandoned handler returns after all is told, for the fence to judge", "[handlers]") {
  fixture f;
  f.order(1);
  f.begin(1);
  f.stop(1, stop_reason::budget, 1s);
  f.pass(1h);
  const auto end = end_in(f.finish(1));
  CHECK(end.fence == 1);
  CHECK(end.stopped == stop_reason::budget);
}

TEST_CASE("more leaks than may be end the node, once", "[handlers]") {
  auto c = fixture::defaults();
  c.handlers.max_leaked = 1;
  fixture f{c};
  for (fence_t fence = 1; fence <= 3; ++fence) f.order(fence), f.begin(fence);
  f.stop(1);
  CHECK(all<too_many_leaked>(f.pass(2s)).empty());
  f.stop(2);
  const auto effects = all<too_many_leaked>(f.pass(2s));
  REQUIRE(effects.size() == 1);
  CHECK(effects[0].leaked == 2);
  f.stop(3);
  CHECK(all<too_many_leaked>(f.pass(2s)).empty());
}

TEST_CASE("a leak that returned does not count any more", "[handlers]") {
  auto c = fixture::defaults();
  c.handlers.max_leaked = 1;
  fixture f{c};
  f.order(1), f.begin(1), f.stop(1), f.pass(2s), f.finish(1);
  f.order(2), f.begin(2), f.stop(2);
  CHECK(all<too_many_leaked>(f.pass(2s)).empty());
}

TEST_CASE("over the wall-time limit it is asked to stop, and has timed out", "[handlers]") {
  fixture f;
  f.order(1, "short");
  f.pass(3s); // In the queue: that does not count.
  f.begin(1);
  CHECK(all<ask_to_stop>(f.pass(4999ms)).empty());
  CHECK(all<ask_to_stop>(f.pass(1ms)).size() == 1);
  CHECK(end_in(f.finish(1, returned::way::threw, "stopped")).end.how == outcome::timed_out);
}

TEST_CASE("leases are renewed in time, and end without an answer", "[handlers]") {
  fixture f;
  f.order(1);
  f.begin(1);
  const auto renewals = all<exec::renew_fences>(f.pass(5s));
  REQUIRE(renewals.size() == 1);
  CHECK(renewals[0].fences == std::vector<fence_t>{1});
  f.now += 1s;
  f.handle(exec::leases_answered{renewals[0].seq, {{1, 15s}}}); // Counts from 5 s: until 20 s.
  CHECK(all<ask_to_stop>(f.pass(13999ms)).empty());
  CHECK(all<ask_to_stop>(f.pass(1ms)).size() == 1);
  CHECK(end_in(f.finish(1, returned::way::threw, "stopped")).end.how == outcome::lost);
}

TEST_CASE("what is carried goes to the worker of the other lane, running or ended", "[handlers]") {
  fixture f;
  const auto fetch = [&](fence_t fence) {
    return f.handle(exec::worker_ordered{"slow", node::fetch_attempt{{fence, 100 + fence}}});
  };
  f.handle(exec::worker_joined{"slow"});
  f.order(1), f.order(2);
  f.begin(1), f.begin(2);
  f.now += 3s;
  auto effects = fetch(1);
  CHECK(told<node::runner_took>(effects).at(0).fence == 1);
  CHECK(told<node::runner_gave>(effects).at(0).what.ran == 3s);
  CHECK(told<node::runner_gave>(effects).at(0).what.lane == "slow");
  CHECK(end_in(f.finish(1)).lane == "slow");
  f.finish(2);
  CHECK(end_in(fetch(2)).lane == "slow");
  CHECK(told<node::runner_lacks>(fetch(3)).size() == 1);
}

TEST_CASE("what was saved before a stop is kept", "[handlers]") {
  fixture f;
  f.order(1);
  f.begin(1);
  f.stop(1, stop_reason::budget);
  const auto end = end_in(f.handle(news{{}, {{1, returned::way::threw, "stopped", {}, f.now, true}}}));
  CHECK(end.end.how == outcome::demoted);
  CHECK(end.end.saved);
}

TEST_CASE("a worker that joins later hears of ends, of what runs, and of leaks", "[handlers]") {
  fixture f;
  for (fence_t fence = 1; fence <= 3; ++fence) f.order(fence), f.begin(fence);
  f.finish(1);
  f.stop(2);
  f.pass(2s);
  auto effects = f.handle(exec::worker_joined{"fast"});
  CHECK(told<node::runner_ended>(effects).at(0).what.fence == 1);
  const auto held = told<node::runner_up>(effects).at(0).held;
  REQUIRE(held.size() == 1);
  CHECK(held[0].fence == 3);
  CHECK(held[0].ran == 2s);
  CHECK(told<node::runner_leaked>(effects).at(0).fence == 2);
  f.forget(1);
  CHECK(told<node::runner_ended>(f.handle(exec::worker_joined{"fast"})).empty());
}

TEST_CASE("a release hands everything back and is over when every end is committed", "[handlers]") {
  fixture f;
  f.order(1), f.order(2);
  f.begin(1);
  CHECK(all<ask_to_stop>(f.handle(release_all{500ms})).size() == 2);
  CHECK(told<node::runner_refused>(f.order(3)).size() == 1);
  f.machine.withdrawn(2, f.now);
  CHECK(end_in(f.finish(1, returned::way::threw, "stopped")).end.how == outcome::drained);
  CHECK(all<all_released>(f.forget(1)).empty());
  CHECK(all<all_released>(f.forget(2)).size() == 1);
}

TEST_CASE("a release of nothing is over at once", "[handlers]") {
  fixture f;
  CHECK(all<all_released>(f.handle(release_all{500ms})).size() == 1);
}

} // namespace

TEST_CASE("with another configuration classes come and go; what runs keeps the limits it began with", "[pool]") {
  fixture f;
  f.order(1, "short");
  f.begin(1);
  auto next = fixture::defaults();
  next.classes.erase("short");
  next.classes["more"].handler = "wait";
  const auto out = f.handle(exec::reconfigured{next});
  const auto classes = told<node::classes_changed>(out);
  REQUIRE(classes.size() == 1);
  CHECK(std::binary_search(classes[0].classes.begin(), classes[0].classes.end(), "more"));
  CHECK_FALSE(std::binary_search(classes[0].classes.begin(), classes[0].classes.end(), "short"));
  CHECK(told<node::runner_refused>(f.order(2, "short")).size() == 1);
  CHECK(all<run_task>(f.order(3, "more")).size() == 1);
  f.handle(exec::reconfigured{fixture::defaults()});
  CHECK(all<ask_to_stop>(f.pass(6s)).size() == 1); // Its wall limit of 5 s.
  CHECK(end_in(f.finish(1)).end.how == outcome::succeeded);
}
