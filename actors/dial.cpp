#include "actors/dial.hpp"

#include "fabric/config/endpoint.hpp"
#include "fabric/time.hpp"

#include "actors/compat.hpp"
#include "actors/system.hpp"

#include <set>

namespace fabric::actors {

namespace {

/// What the dialer says, without CAF's name for it.
std::string words(const caf::error& e) {
  const auto& said = e.context();
  return said.match_elements<std::string>() ? said.get_as<std::string>(0) : caf::to_string(e);
}

constexpr duration connect_limit = std::chrono::seconds{5}; ///< More than twice tls_limits::dial.

} // namespace

void dial_network(uplink_actor::base* self, const std::string& where,
                  std::function<void(expected<client_face_actor>)> answer) {
  const auto at = config::parse_endpoint(where);
  if (!at) return answer(tl::unexpected{at.error()});
  ask(self, dialer(self->system()), connect_limit, caf::connect_atom_v, at->host, at->port)
      .then(
          [answer](const caf::node_id&, const caf::strong_actor_ptr& found, const std::set<std::string>&) {
            if (found)
              answer(caf::actor_cast<client_face_actor>(found));
            else
              answer(fail(errc::unavailable, "no scheduler listens there"));
          },
          [answer](const caf::error& e) { answer(fail(errc::unavailable, words(e))); });
}

} // namespace fabric::actors
