#include "fabric/job/limits.hpp"

#include "actors/store.hpp"
#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::actors;
using testing::spec;
using testing::world;
using testing::world_settings;

namespace {

class silent : public store_client_actor::base {
public:
  explicit silent(caf::actor_config& cfg) : store_client_actor::base(cfg) { harden(this); }
  behavior_type make_behavior() override {
    return {[](store_commit&) {}, [](lane_loaded&) {}};
  }
};

world_settings bare() {
  world_settings how;
  how.with_node = false;
  return how;
}

} // namespace

TEST_CASE("upkeep goes on while there is more of it, and less often beside operations", "[store]") {
  world w{bare()};
  const auto db = spawn_store(w.system(), w.env(), w.store, spawn_as::in_scheduler);
  const store_client_actor client = w.system().spawn<silent>();
  w.run();
  const auto done = [&] { return w.store->transactions.size(); };
  w.advance(1min);
  CHECK(done() == 1);
  w.store->more_upkeep = 4;
  w.advance(1min);
  CHECK(done() == 2);
  w.advance(30ms);
  CHECK(done() == 5);
  w.advance(59s);
  CHECK(done() == 6);

  w.store->more_upkeep = 2;
  tell_anon(db, store_operations{client, {{1, store::submit{spec(), "fast", 3}}}});
  w.advance(199ms);
  CHECK(done() == 7);
  w.advance(1ms);
  CHECK(done() == 8);
  w.advance(199ms);
  CHECK(done() == 8);
  w.advance(1ms);
  CHECK(done() == 9);
  for (const auto& who : {caf::actor_cast<caf::actor>(client), caf::actor_cast<caf::actor>(db)})
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
}

TEST_CASE("what is no longer kept of attempts is told to the runner", "[store]") {
  world w;
  const auto id = w.submit();
  for (std::uint32_t n = 1; n <= limits::attempts_kept; ++n) {
    w.process.end(w.process.fence_of(id), outcome::checkpointed);
    w.run();
  }
  CHECK(w.process.pruned == std::vector<std::pair<job_id, std::uint32_t>>{{id, 1}});
}
