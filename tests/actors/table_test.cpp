#include "fabric/exec/spool.hpp"

#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

using namespace fabric;
using namespace fabric::actors;
using testing::spec;
using testing::world;
using testing::world_settings;

namespace {

/// A data directory, gone at the end.
struct scratch {
  scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "fabric-table-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory for the test");
    path = name;
  }
  ~scratch() { std::filesystem::remove_all(path); }
  std::string path;
};

void write_output(const std::string& spool, job_id id) {
  const auto folder = exec::attempt_directory(spool, id, 1);
  std::filesystem::create_directories(folder);
  std::ofstream{folder + "/stdout"} << std::string(10'000, 'x');
}

} // namespace

TEST_CASE("the children of a node start in this order", "[table]") {
  world w;
  CHECK(w.children() == std::vector<std::string>{"store",        "store_reader", "spool_reader", "spool_files",
                                                 "spool_keeper", "checkpoints",  "events",       "scheduler",
                                                 "desk",         "config",       "membership",   "registrar",
                                                 "lane/fast",    "lane/slow",    "runner",       "handlers",
                                                 "worker/fast",  "worker/slow",  "steward",      "publisher"});
}

TEST_CASE("every child but store and handlers is started again, and the node works on", "[table]") {
  world w;
  for (const auto& name : w.children()) {
    if (name == "store" || name == "handlers") continue;
    INFO(name);
    const auto running = w.submit();
    w.kill(name);
    w.advance(31s); // Its restarts are forgotten.
    CHECK(w.starts(name) >= 2);
    w.process.end(w.process.fence_of(running), outcome::succeeded);
    w.advance(1s);
    CHECK(w.state(running) == job_state::succeeded);
    CHECK(w.attempts(running).size() == 1);
    CHECK(w.published == std::vector<client_face_actor>{w.scheduler()});
  }
  CHECK(w.process.runs.size() == w.children().size() - 2);
  CHECK(w.failures.empty());
}

TEST_CASE("a worker says that its lane knows its slots when it does, and not before its runner is there", "[table]") {
  world_settings how;
  how.at_once = [](world& w) { w.process.cut(); };
  world w{how};
  CHECK(w.offered.empty());
  const auto slots = [&] { return w.ask_now<lane_report>(w.find<lane_actor>("lane/fast"), get_lanes{}).now.slots; };
  CHECK(slots() == 0);
  w.process.mend();
  w.advance(5s);
  CHECK(w.offered.size() == 2);
  CHECK(slots() == 3);
  w.advance(1min);
  CHECK(w.offered.size() == 2); // Once.
}

TEST_CASE("clients reach the new scheduler through the same door after the old one crashed", "[publisher]") {
  world w;
  const client_face_actor before = w.scheduler();
  CHECK(w.published == std::vector<client_face_actor>{before});
  w.kill("scheduler");
  w.advance(1s);
  CHECK(w.published == std::vector<client_face_actor>{w.scheduler()});
  CHECK(w.published.front() != before);
  CHECK_FALSE(w.ask_now<cell_hello>(w.published.front(), get_hello{}).node.empty());
  w.stop();
  CHECK(w.published.empty());
}

TEST_CASE("the door is shut while descriptors are few, also to a scheduler that is started again", "[publisher]") {
  node::descriptors now{20, 1024};
  world_settings how;
  how.descriptors = [&now] { return now; };
  world w{how};
  CHECK(w.published.size() == 1);
  now.lowest_free = 1024;
  w.advance(1s);
  CHECK(w.published.empty());
  w.kill("scheduler");
  w.advance(2s);
  CHECK(w.published.empty());
  now.lowest_free = 20;
  w.advance(1s);
  CHECK(w.published == std::vector<client_face_actor>{w.scheduler()});
  std::vector<std::string> kinds;
  for (const auto& e : w.ask_now<event_page>(w.scheduler(), get_events{0, 100, {}}).events)
    if (e.kind.starts_with("descriptors")) kinds.push_back(e.kind);
  CHECK(kinds == std::vector<std::string>{"descriptors_few", "descriptors_enough"});
}

TEST_CASE("a worker that throws is started again, with a runner that holds its attempts", "[restart]") {
  world w;
  const auto id = w.submit();
  bool thrown = false;
  w.on_drained = [&](const std::string& worker) {
    if (worker == "fast@a1" && !std::exchange(thrown, true)) throw std::runtime_error("cannot say that it is empty");
  };
  w.drain(25s);
  w.process.end(w.process.fence_of(id), outcome::succeeded);
  w.run();
  CHECK(thrown);
  CHECK_FALSE(w.drained.contains("fast@a1"));
  w.advance(1s);
  CHECK(w.starts("worker/fast") == 2);
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.drained.contains("fast@a1"));
  CHECK(w.failures.empty());
}

TEST_CASE("the spool keeper has the runner recycle what is over its limit, but nothing of a job that lives",
          "[spool]") {
  const scratch data;
  world_settings how;
  how.data = data.path;
  how.config.spool.bytes = 1;
  how.config.spool.inodes_low = 0;
  world w{how};
  const auto finished = w.submit();
  w.process.end(w.process.fence_of(finished), outcome::succeeded);
  w.run();
  const auto running = w.submit();
  for (const auto id : {finished, running}) write_output(data.path + "/spool", id);
  w.kill("spool_keeper");
  w.kill("runner"); // The keeper finds the new one.
  w.advance(62s);
  using attempts = std::vector<std::pair<job_id, std::uint32_t>>;
  CHECK(w.process.pruned == attempts{{finished, 1}});
}
