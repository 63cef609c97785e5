#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::actors;
using testing::world;
using testing::world_settings;

namespace {

worker_report of_worker(world& w) { return w.ask_now<worker_report>(w.find<worker_actor>("worker/fast"), get_nodes{}); }

} // namespace

TEST_CASE("while memory is low jobs wait, and they run when there is enough", "[memory]") {
  std::uint64_t available = 2ull << 30;
  world_settings how;
  how.config.node.memory_low = 1ull << 30;
  how.available_memory = [&available] { return std::optional(available); };
  world w{how};
  w.run();
  const auto before = w.submit();
  CHECK(w.state(before) == job_state::running);

  available = 1;
  w.advance(1s);
  const auto id = w.submit();
  w.advance(5s);
  CHECK(w.state(id) == job_state::ready);
  CHECK(w.state(before) == job_state::running); // What runs goes on.
  CHECK(of_worker(w).now.memory.low);
  CHECK(w.state(w.submit()) == job_state::ready); // Jobs are still taken.

  w.kill("worker/fast");
  w.advance(1s);
  CHECK(of_worker(w).now.memory.low); // The next incarnation is told.
  CHECK(w.state(id) == job_state::ready);

  available = 2ull << 30;
  w.advance(2s);
  CHECK(w.state(id) == job_state::running);
  CHECK_FALSE(of_worker(w).now.memory.low);
}
