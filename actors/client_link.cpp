#include "actors/client_link.hpp"

#include "actors/meta_objects.hpp"
#include "actors/system.hpp"

#include <caf/io/middleman_actor.hpp>

#include <set>

namespace fabric::actors {

namespace {

constexpr std::size_t link_threads = 2;
constexpr const char* lent_host = "cell"; ///< A name for the one connection there is; nobody resolves it.
constexpr std::uint16_t lent_port = 1;

std::unique_ptr<caf::actor_system_config> make_config() {
  init_meta_objects();
  auto made = std::make_unique<caf::actor_system_config>();
  configure(*made, link_threads);
  return made;
}

} // namespace

client_link::client_link(tls::context_ptr who)
    : config_(make_config()), system_(*config_), transport_(system_, std::move(who)) {}

expected<std::unique_ptr<client_link>> client_link::connect(tls::context_ptr who, tls::connection over,
                                                            duration limit) {
  std::unique_ptr<client_link> link{new client_link(std::move(who))};
  if (auto found = link->find_face(std::move(over), limit); !found) return tl::unexpected{std::move(found.error())};
  return link;
}

expected<void> client_link::find_face(tls::connection over, duration limit) {
  transport_.lend(lent_host, lent_port, std::move(over));
  expected<void> result;
  caf::scoped_actor self{system_};
  ask(self.operator->(), dialer(system_), limit, caf::connect_atom_v, std::string(lent_host), lent_port)
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
