#include "actors/meta_objects.hpp"
#include "actors/system.hpp"
#include "actors/tls_transport.hpp"
#include "tests/libfabric/tls/cell.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <catch2/catch_test_macros.hpp>

#include <future>
#include <mutex>
#include <string>

using namespace fabric;
using namespace fabric::actors;

TEST_CASE("who owns the network part of a process hears of its end", "[network]") {
  const tls::cell cell;
  std::promise<std::string> ended;
  std::once_flag once; // The system's end is one, too.
  init_meta_objects();
  caf::actor_system_config cfg;
  configure(cfg, 1);
  caf::actor_system sys{cfg};
  const auto hear = [&](const std::string& why) { std::call_once(once, [&] { ended.set_value(why); }); };
  const tls_transport transport{sys, cell.context_of(tls::role::scheduler), {}, {}, hear};
  SECTION("of CAF's broker") {
    caf::anon_send_exit(sys.middleman().named_broker<caf::io::basp_broker>("BASP"), caf::exit_reason::kill);
    CHECK(ended.get_future().get().starts_with("CAF's broker: "));
  }
  SECTION("of the transport's own actor") {
    caf::anon_send_exit(dialer(sys), caf::exit_reason::kill);
    CHECK(ended.get_future().get().starts_with("the transport: "));
  }
}
