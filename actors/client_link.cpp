#include "actors/client_link.hpp"

#include "actors/meta_objects.hpp"
#include "actors/system.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>

#include <set>
#include <thread>

namespace fabric::actors {

namespace {

constexpr int connect_tries = 3;

constexpr std::size_t link_threads = 2;

std::unique_ptr<caf::actor_system_config> make_config() {
  init_meta_objects();
  auto made = std::make_unique<caf::actor_system_config>();
  configure(*made, link_threads);
  return made;
}

} // namespace

client_link::client_link(int) : config_(make_config()), system_(*config_) {}

expected<std::unique_ptr<client_link>> client_link::connect(const std::string& host, std::uint16_t port, duration limit,
                                                            call_end end) {
  error last;
  for (int i = 0; i < connect_tries && (i == 0 || std::chrono::steady_clock::now() < end); ++i) {
    // CAF may drop a connection that is a tick old and not yet greeted, which is no reason to give up.
    std::unique_ptr<client_link> link{new client_link(i)};
    auto found = link->find_face(host, port, within(limit, end));
    if (found) return link;
    last = std::move(found.error());
    std::this_thread::sleep_for(std::chrono::milliseconds{20 * (i + 1)});
  }
  return tl::unexpected{std::move(last)};
}

expected<void> client_link::find_face(const std::string& host, std::uint16_t port, duration limit) {
  expected<void> result;
  caf::scoped_actor self{system_};
  ask(self.operator->(), system_.middleman().actor_handle(), limit, caf::connect_atom_v, host, port)
      .receive(
          [&](const caf::node_id&, const caf::strong_actor_ptr& found, const std::set<std::string>&) {
            if (found)
              face_ = caf::actor_cast<client_face_actor>(found);
            else
              result = fail(errc::unavailable, "no fabric listens there");
          },
          [&](const caf::error& e) { result = fail(errc::unavailable, describe(e)); });
  return result;
}

std::string client_link::describe(const caf::error& e) {
  return e == caf::sec::request_timeout ? "no answer in time" : to_string(e);
}

} // namespace fabric::actors
