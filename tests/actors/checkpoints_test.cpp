#include "tests/actors/guest.hpp"

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

using namespace fabric;
using namespace fabric::actors;
using testing::guest;
using testing::world;
using testing::world_settings;
namespace fs = std::filesystem;

namespace {

/// The scheduler's node runs nothing; b1 and c1 have spools of their own.
struct cell {
  struct scratch {
    fs::path path;
    scratch() {
      char name[] = "/tmp/fabric-checkpoints-test-XXXXXX";
      REQUIRE(::mkdtemp(name) != nullptr);
      path = name;
    }
    ~scratch() { fs::remove_all(path); }
  } home;
  world w{idle()};
  std::unique_ptr<guest> b = join("b1", 11);
  std::unique_ptr<guest> c;

  static world_settings idle() {
    world_settings how;
    how.config.node.workers = {{"fast", 0}, {"slow", 0}};
    return how;
  }

  std::unique_ptr<guest> join(const std::string& name, std::uint64_t boot) {
    fs::create_directories(home.path / name / "spool"); // As its runner does.
    auto made = std::make_unique<guest>(w, guest::named(name), boot, home.path / name);
    made->process.saves = true;
    w.advance(1s);
    return made;
  }

  fs::path kept(const std::string& node, job_id id) const {
    return home.path / node / "spool/checkpoints" / std::to_string(id);
  }

  /// A job that has saved on b1, which gives it back.
  job_id saved_on_b() {
    const auto id = w.submit();
    w.run();
    fs::create_directories(kept("b1", id));
    std::ofstream{kept("b1", id) / "state"} << std::string(100'000, 'b');
    w.advance(3s);
    w.ask_now<drain_report>(b->find<node_face_actor>("steward"), drain_node{"", duration{0}});
    REQUIRE(w.row(id).kept_on == "b1");
    REQUIRE(w.row(id).kept_work >= 3s);
    return id;
  }

  std::ptrdiff_t events(const std::string& kind) {
    const auto all = w.store->rows->events(0, 1000).value();
    for (const auto& e : all)
      if (e.kind == kind) UNSCOPED_INFO(e.text);
    return std::ranges::count(all, kind, &store::event::kind);
  }
};

} // namespace

TEST_CASE("a job goes on with what it saved on another node", "[checkpoint]") {
  cell all;
  const auto id = all.saved_on_b();
  fs::create_directories(all.kept("c1", id));
  std::ofstream{all.kept("c1", id) / "stale"} << "of an older attempt";
  all.c = all.join("c1", 12);
  REQUIRE(all.c->process.running.size() == 1);
  CHECK(all.w.row(id).node == "c1");
  CHECK(fs::file_size(all.kept("c1", id) / "state") == 100'000);
  CHECK_FALSE(fs::exists(all.kept("c1", id) / "stale"));
  all.c->process.end(all.c->process.fence_of(id), outcome::succeeded, "1");
  all.w.run();
  CHECK(all.w.row(id).wasted == 0s);
  CHECK(all.events("started_over") == 0);
}

TEST_CASE("a node that is away for a moment is waited for with what it keeps", "[checkpoint]") {
  cell all;
  const auto id = all.saved_on_b();
  all.b.reset();
  all.c = all.join("c1", 12);
  all.w.advance(2s);
  CHECK(all.w.row(id).node == "c1");
  CHECK(all.c->process.running.empty());
  all.b = all.join("b1", 13);
  all.w.advance(2s);
  CHECK(all.c->process.running.size() == 1);
  CHECK(fs::exists(all.kept("c1", id) / "state"));
  CHECK(all.events("started_over") == 0);
}

TEST_CASE("a job starts over when the node with its checkpoint stays away, and that is written down", "[checkpoint]") {
  cell all;
  const auto id = all.saved_on_b();
  const auto work = all.w.row(id).kept_work;
  all.b.reset();
  all.c = all.join("c1", 12);
  all.w.advance(20s);
  REQUIRE(all.c->process.running.size() == 1);
  CHECK_FALSE(fs::exists(all.kept("c1", id)));
  CHECK(all.w.row(id).attempt == 2);
  CHECK(all.w.row(id).wasted == work);
  CHECK(all.events("started_over") == 1);
}

TEST_CASE("a reset holds on every node, whichever was told of it", "[checkpoint]") {
  cell all;
  const auto id = all.saved_on_b();
  all.b->cut_off();
  all.w.ask_now<receipts>(all.w.scheduler(), reset_jobs{{id}});
  all.b->mend();
  all.w.advance(5s);
  std::ofstream{all.kept("b1", id) / "late"} << "x"; // As if it had not been told.
  all.w.ask_now<order_receipt>(all.b->find<node_face_actor>("steward"), undrain_node{});
  all.w.advance(1s);
  CHECK(all.w.row(id).node == "b1");
  CHECK_FALSE(fs::exists(all.kept("b1", id)));
  CHECK(all.events("started_over") == 0);
}
