#include "fabric/exec/liaison.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace fabric;
using namespace fabric::exec;
using namespace std::chrono_literals;

namespace {

/// A liaison at an instant that only the test moves. CLOCK_BOOTTIME is 1,000 s when the fabric's clock is at `start`.
struct fixture {
  static constexpr time_point start{100h};

  static config::root defaults() {
    config::root c;
    config::lane fast, slow;
    fast.name = "fast", fast.slots = 3, fast.grace = 2s;
    slow.name = "slow", slow.slots = 1;
    c.lanes = {fast, slow};
    c.classes["work"].command = {"/bin/work", "{input.path}"};
    c.node.workers["slow"] = 2;
    return c;
  }

  explicit fixture(config::root c = defaults()) : machine({"a1", std::move(c), {{"LANG", "C"}}, 5s}) {
    handle(classes_found{{"work"}});
    handle(worker_joined{"fast"});
  }

  liaison_effects handle(liaison_event e) {
    return machine.handle(std::move(e), {now, 1'000'000'000 + (now - start).count()});
  }
  liaison_effects hear(from_runner f) { return handle(link_said{std::move(f)}); }
  liaison_effects greet(std::vector<held_attempt> held = {}, std::uint32_t finished = 0) {
    handle(link_up{});
    return hear(hello{protocol_version, "b", 1, std::move(held), finished});
  }
  liaison_effects order(fence_t fence, std::string job_class = "work", std::string input = R"({"path":"x"})") {
    start_order o{fence, 100 + fence, 1, std::move(job_class), "fast", std::move(input), 15s, 1};
    return handle(worker_ordered{"fast", node::run_attempt{std::move(o), now + 15s}});
  }

  time_point now = start;
  liaison machine;
};

template <class T> std::vector<T> all(const liaison_effects& effects) {
  std::vector<T> found;
  for (const auto& e : effects)
    if (const auto* t = std::get_if<T>(&e)) found.push_back(*t);
  return found;
}
/// The frames of type F.
template <class F> std::vector<F> frames(const liaison_effects& effects) {
  std::vector<F> found;
  for (const auto& e : all<send_frame>(effects))
    if (const auto* f = std::get_if<F>(&e.frame)) found.push_back(*f);
  return found;
}
/// What the workers hear of type E.
template <class E> std::vector<E> told(const liaison_effects& effects) {
  std::vector<E> found;
  for (const auto& t : all<tell_worker>(effects))
    if (const auto* e = std::get_if<E>(&t.what)) found.push_back(*e);
  return found;
}

attempt_ended an_end(fence_t fence) {
  attempt_ended e;
  e.fence = fence;
  e.lane = "fast";
  e.end.how = outcome::succeeded;
  return e;
}

} // namespace

TEST_CASE("a hello makes the slots, tells the workers and is ready", "[liaison]") {
  fixture f;
  const auto out = f.greet({{7, 107, 1, 3s, "fast"}});
  REQUIRE(frames<resize>(out).size() == 1);
  CHECK(frames<resize>(out)[0].slots == 5); // The node's own number for a lane goes over the lane's.
  const auto up = told<node::runner_up>(out);
  REQUIRE(up.size() == 1);
  REQUIRE(up[0].held.size() == 1);
  CHECK(up[0].held[0].ran == 3s);
  CHECK(all<runner_is_ready>(out).size() == 1);
  CHECK(f.machine.wake_at() == f.now);
  CHECK_FALSE(f.machine.holds_nothing());
}

TEST_CASE("workers hear of what runs only after all that has ended", "[liaison]") {
  fixture f;
  auto out = f.greet({}, 2);
  CHECK(told<node::runner_up>(out).empty());
  CHECK_FALSE(f.machine.ready());
  out = f.hear(has_ended{an_end(1)});
  CHECK(told<node::runner_ended>(out).size() == 1);
  CHECK(all<runner_is_ready>(out).empty());
  out = f.hear(has_ended{an_end(2)});
  CHECK(told<node::runner_up>(out).size() == 1);
  CHECK(all<runner_is_ready>(out).size() == 1);
}

TEST_CASE("a worker that joins late hears of ends that nobody forgot", "[liaison]") {
  fixture f;
  f.greet();
  f.hear(has_ended{an_end(1)});
  f.hear(has_ended{an_end(2)});
  f.handle(worker_ordered{"fast", node::forget_attempt{1}});
  const auto out = f.handle(worker_joined{"fast"});
  CHECK(told<node::classes_changed>(out).at(0).classes == std::vector<std::string>{"work"});
  const auto ends = told<node::runner_ended>(out);
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].what.fence == 2);
  CHECK(told<node::runner_up>(out).size() == 1);
}

TEST_CASE("a runner of another protocol is foreign", "[liaison]") {
  fixture f;
  f.handle(link_up{});
  const auto out = f.hear(hello{9, "b", 1, {}, 0});
  CHECK(all<runner_is_foreign>(out).at(0).protocol == 9);
  CHECK_FALSE(f.machine.ready());
}

TEST_CASE("an order becomes the class's command with its lease on the runner's clock", "[liaison]") {
  fixture f;
  f.greet();
  f.now += 10s;
  const auto out = f.order(5);
  REQUIRE(frames<run>(out).size() == 1);
  const auto frame = frames<run>(out)[0];
  CHECK(frame.argv == std::vector<std::string>{"/bin/work", "x"});
  CHECK(frame.deadline_us == 1'025'000'000);
  CHECK(frame.grace_us == 2'000'000);
  CHECK(frame.node_name == "a1");
  CHECK_FALSE(f.machine.holds_nothing());
}

TEST_CASE("an order is refused without a runner and where its class cannot run", "[liaison]") {
  fixture f;
  CHECK(told<node::runner_refused>(f.order(5)).at(0).why == "the node's runner is away");
  f.greet();
  f.handle(classes_found{{}});
  CHECK(told<node::runner_refused>(f.order(6)).at(0).why == "the class cannot run on this node now");
  CHECK(f.machine.holds_nothing());
}

TEST_CASE("an input that does not fit the class fails the attempt, and is told until forgotten", "[liaison]") {
  fixture f;
  f.greet();
  for (const auto& out : {f.order(5, "work", "{}"), f.order(5, "unknown")}) {
    const auto ends = told<node::runner_ended>(out);
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].what.end.how == outcome::failed);
    CHECK_FALSE(ends[0].what.end.started);
    CHECK(frames<run>(out).empty());
  }
  CHECK(told<node::runner_ended>(f.handle(worker_joined{"fast"})).size() == 1);
}

TEST_CASE("leases count from when their renewal was sent", "[liaison]") {
  fixture f;
  f.greet({{7, 107, 1, 0s, "fast"}});
  const auto first = all<renew_fences>(f.handle(liaison_tick{}));
  REQUIRE(first.size() == 1);
  CHECK(first[0].fences == std::vector<fence_t>{7});
  CHECK(f.machine.wake_at() == f.now + 5s);
  CHECK(f.handle(liaison_tick{}).empty());
  f.now += 3s;
  const auto out = f.handle(leases_answered{first[0].seq, {{7, 15s}}});
  const std::pair<fence_t, std::int64_t> expected{7, 1'015'000'000};
  CHECK(frames<extend>(out).at(0).deadlines_us.at(0) == expected);
  CHECK(f.handle(leases_answered{99, {{7, 15s}}}).empty());
}

TEST_CASE("a lost link is told, and nothing is renewed until the next hello", "[liaison]") {
  fixture f;
  f.greet({{7, 107, 1, 0s, "fast"}});
  CHECK(told<node::runner_down>(f.handle(link_down{})).size() == 1);
  CHECK(f.machine.wake_at() == std::nullopt);
  f.now += 60s;
  CHECK(f.handle(liaison_tick{}).empty());
  CHECK(f.handle(membership_up{}).empty());
}

TEST_CASE("what is refused or cannot be killed is no longer renewed", "[liaison]") {
  fixture f;
  f.greet({{7, 107, 1, 0s, "fast"}, {8, 108, 1, 0s, "fast"}});
  const auto leak = f.hear(slot_leaked{7, "hangs"});
  CHECK(told<node::runner_leaked>(leak).size() == 1);
  REQUIRE(all<raise_alarm>(leak).size() == 1);
  CHECK(all<raise_alarm>(leak)[0].kind == "slot_leaked");
  CHECK(all<raise_alarm>(leak)[0].id == 107);
  CHECK(told<node::runner_refused>(f.hear(was_refused{8, "no fork"})).size() == 1);
  CHECK(all<renew_fences>(f.handle(liaison_tick{})).at(0).fences.empty());
}

TEST_CASE("a worker that joins after a leak hears of it, until it has ended", "[liaison]") {
  fixture f;
  f.greet({{7, 107, 1, 0s, "fast"}});
  f.hear(slot_leaked{7, "hangs"});
  const auto leaks = told<node::runner_leaked>(f.handle(worker_joined{"fast"}));
  REQUIRE(leaks.size() == 1);
  CHECK(leaks[0].fence == 7);
  f.hear(has_ended{an_end(7)});
  CHECK(told<node::runner_leaked>(f.handle(worker_joined{"fast"})).empty());
}

TEST_CASE("an outage is known once the runner has the longer leases", "[liaison]") {
  fixture f;
  SECTION("at once, when it holds nothing") {
    f.greet();
    CHECK(all<outage_known>(f.handle(outage_granted{})).size() == 1);
  }
  SECTION("with the answer to a renewal sent after the grant") {
    f.greet({{7, 107, 1, 0s, "fast"}});
    const auto before = all<renew_fences>(f.handle(liaison_tick{})).at(0).seq;
    const auto after = all<renew_fences>(f.handle(outage_granted{})).at(0).seq;
    CHECK(all<outage_known>(f.handle(leases_answered{before, {{7, 15s}}})).empty());
    CHECK(all<outage_known>(f.handle(leases_answered{after, {{7, 300s}}})).size() == 1);
    CHECK(all<outage_known>(f.handle(leases_answered{after, {{7, 300s}}})).empty());
  }
}

TEST_CASE("a pruned job's directories go, its checkpoints too", "[liaison]") {
  fixture f;
  f.greet();
  const auto out = f.handle(spool_pruned{{{5, 2}}, {{9, 1}}, {}});
  std::vector<std::pair<job_id, std::uint32_t>> expected{{9, 1}, {5, 0}, {5, 1}, {5, 2}};
  CHECK(frames<prune>(out).at(0).attempts == expected);
  std::vector<std::pair<job_id, std::uint32_t>> many(25'000, {1, 1});
  CHECK(frames<prune>(f.handle(spool_pruned{{}, many, {}})).size() == 3);
}

TEST_CASE("a carried attempt goes from one worker to another, and the runner is told", "[liaison]") {
  fixture f;
  f.handle(worker_joined{"slow"});
  f.greet({{7, 107, 1, 3s, "fast"}});
  f.now += 1s;
  const auto out = f.handle(worker_ordered{"slow", node::fetch_attempt{{7, 107, 5}}});
  const auto to = all<tell_worker>(out);
  REQUIRE(to.size() == 2);
  CHECK((to[0].lane == "fast" && std::get<node::runner_took>(to[0].what).fence == 7));
  CHECK((to[1].lane == "slow" && std::get<node::runner_gave>(to[1].what).what.ran == 4s));
  const auto told = frames<relane>(out).at(0);
  CHECK((told.fence == 7 && told.lane == "slow"));
  // Asked again, it is given again; there is nothing new to tell the runner.
  const auto again = f.handle(worker_ordered{"slow", node::fetch_attempt{{7, 107, 5}}});
  CHECK(all<tell_worker>(again).size() == 1);
  CHECK(frames<relane>(again).empty());
  // Its end may have crossed the news on its way.
  CHECK(all<tell_worker>(f.hear(has_ended{an_end(7)})).at(0).lane == "slow");
}

TEST_CASE("a runner that was not told of a carry hears of it after its hello", "[liaison]") {
  fixture f;
  f.handle(worker_joined{"slow"});
  f.greet();
  f.handle(link_down{});
  f.greet({{7, 107, 1, 3s, "fast"}}, 0);
  CHECK(frames<relane>(f.handle(worker_ordered{"slow", node::fetch_attempt{{7, 107, 5}}})).size() == 1);
}

TEST_CASE("an end that nobody has forgotten is fetched like an attempt", "[liaison]") {
  fixture f;
  f.greet({{7, 107, 1, 3s, "fast"}});
  f.hear(has_ended{an_end(7)});
  const auto out = f.handle(worker_ordered{"slow", node::fetch_attempt{{7, 107, 5}}});
  CHECK(told<node::runner_took>(out).size() == 1);
  CHECK(told<node::runner_ended>(out).at(0).what.lane == "slow");
}

TEST_CASE("what the node does not hold is missing, unless nobody can know", "[liaison]") {
  fixture f;
  const node::worker_effect fetch = node::fetch_attempt{{7, 107, 5}};
  CHECK(f.handle(worker_ordered{"fast", fetch}).empty());
  f.greet();
  CHECK(told<node::runner_lacks>(f.handle(worker_ordered{"fast", fetch})).at(0).fence == 7);
}

TEST_CASE("a reset waits for a runner and goes before anything that is run", "[liaison]") {
  fixture f;
  CHECK(f.handle(spool_pruned{{}, {}, {5}}).empty());
  const auto out = f.greet();
  CHECK(frames<prune>(out).at(0).attempts == std::vector<std::pair<job_id, std::uint32_t>>{{5, 0}});
  const auto first_told =
      std::find_if(out.begin(), out.end(), [](const auto& e) { return std::holds_alternative<tell_worker>(e); });
  const auto pruned = std::find_if(out.begin(), out.end(), [](const auto& e) {
    const auto* frame = std::get_if<send_frame>(&e);
    return frame != nullptr && std::holds_alternative<prune>(frame->frame);
  });
  CHECK(pruned < first_told);
  CHECK(frames<prune>(f.handle(spool_pruned{{}, {}, {6}})).at(0).attempts.at(0).first == 6);
  f.handle(link_down{});
  CHECK(frames<prune>(f.greet()).empty()); // Said once.
}

TEST_CASE("of two lanes that want an attempt the one that knows the newer row has it", "[liaison]") {
  fixture f;
  f.greet({{7, 107, 1, 3s, "fast"}});
  f.handle(worker_ordered{"slow", node::fetch_attempt{{7, 107, 9}}});
  CHECK(f.handle(worker_ordered{"mid", node::fetch_attempt{{7, 107, 8}}}).empty());
  CHECK(all<tell_worker>(f.handle(worker_ordered{"slow", node::fetch_attempt{{7, 107, 9}}})).size() == 1);
}

TEST_CASE("low memory is told to every worker, and logged once per change", "[liaison]") {
  auto c = fixture::defaults();
  c.node.memory_low = 800 << 20;
  fixture f(std::move(c));
  CHECK(f.handle(memory_seen{900 << 20}).empty());
  auto out = f.handle(memory_seen{700 << 20});
  CHECK(told<node::memory_read>(out).at(0).now == node::memory_state{true, 700 << 20, 800 << 20});
  auto alarms = all<raise_alarm>(out);
  REQUIRE(alarms.size() == 1);
  CHECK(alarms[0].kind == "memory_low");
  CHECK(alarms[0].text == "memory is low, no new work: 700 MiB available, 800 MiB wanted");
  out = f.handle(memory_seen{850 << 20});
  CHECK(told<node::memory_read>(out).size() == 1); // The number is news, the state is not.
  CHECK(all<raise_alarm>(out).empty());
  CHECK(told<node::memory_read>(f.handle(worker_joined{"slow"})).size() == 1);
  out = f.handle(memory_seen{1000 << 20});
  CHECK(told<node::memory_read>(out).size() == 2);
  CHECK(all<raise_alarm>(out).at(0).kind == "memory_enough");
  CHECK(f.handle(memory_seen{1000 << 20}).empty());
}

TEST_CASE("the limits of a class go with the order", "[liaison]") {
  auto c = fixture::defaults();
  c.classes["work"].limits.memory = 64 << 20;
  c.classes["work"].limits.cpu = 2s;
  fixture f(std::move(c));
  f.greet();
  const auto runs = frames<exec::run>(f.order(1));
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].limits.memory == 64 << 20);
  CHECK(runs[0].limits.cpu_us == 2'000'000);
  CHECK(runs[0].limits.processes == 0);
}

TEST_CASE("with another configuration the runner has other slots, and classes other commands", "[liaison]") {
  fixture f;
  f.greet();
  auto next = fixture::defaults();
  next.node.workers["slow"] = 4;
  next.classes["work"].command = {"/bin/work", "anew"};
  const auto out = f.handle(reconfigured{next});
  REQUIRE(frames<resize>(out).size() == 1);
  CHECK(frames<resize>(out)[0].slots == 7);
  CHECK(frames<exec::run>(f.order(1)).at(0).argv == std::vector<std::string>{"/bin/work", "anew"});
}

TEST_CASE("what an attempt says of its progress is kept while it runs", "[liaison]") {
  fixture f;
  f.greet();
  f.order(7);
  CHECK_FALSE(f.machine.progress_of(7, f.now));
  f.hear(has_progressed{7, 1'000'000'000, "first"});
  f.hear(has_progressed{7, 1'000'000'000 - 2'000'000, "second"});
  f.now += 3s;
  const auto seen = f.machine.progress_of(7, f.now);
  REQUIRE(seen);
  CHECK(seen->state == "second");
  CHECK(seen->age == 5s);
  f.hear(has_ended{an_end(7)});
  CHECK_FALSE(f.machine.progress_of(7, f.now));
}

TEST_CASE("progress of an attempt that is not held, or lies ahead, does no harm", "[liaison]") {
  fixture f;
  f.greet({{8, 108, 1, 3s, "fast"}});
  CHECK(f.hear(has_progressed{7, 0, "x"}).empty());
  CHECK_FALSE(f.machine.progress_of(7, f.now));
  CHECK(f.hear(has_progressed{8, 2'000'000'000, "x"}).empty());
  CHECK(f.machine.progress_of(8, f.now)->age == 0s);
}

TEST_CASE("the runner gets the class's stall timeout", "[liaison]") {
  auto c = fixture::defaults();
  c.classes["work"].limits.stall_timeout = 30s;
  fixture f{c};
  f.greet();
  CHECK(frames<run>(f.order(1)).at(0).stall_us == 30'000'000);
}
