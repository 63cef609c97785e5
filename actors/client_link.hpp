#pragma once

#include "fabric/error.hpp"
#include "fabric/time.hpp"
#include "fabric/tls/dial.hpp"

#include "actors/compat.hpp"
#include "actors/interfaces.hpp"
#include "actors/tls_transport.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>

/// One connection of a client, with an actor system of its own: a new connection is a new node to its peer, so nothing
/// of an old one can be mistaken for it.
namespace fabric::actors {

/// Set once; what comes later is dropped.
template <class Reply> class answer_slot {
public:
  void set(expected<Reply> what) {
    if (set_) return;
    set_ = true;
    promise_.set_value(std::move(what));
  }
  std::future<expected<Reply>> future() { return promise_.get_future(); }

private:
  bool set_ = false; // Only touched by the one actor that asks.
  std::promise<expected<Reply>> promise_;
};

using call_end = std::chrono::steady_clock::time_point;

/// Returns `limit`, or what is left until `end` if that is less; at least a millisecond.
inline duration within(duration limit, call_end end) {
  const auto left = std::chrono::ceil<duration>(end - std::chrono::steady_clock::now());
  return std::max(std::min(limit, left), duration{1});
}

class client_link {
public:
  /// Over a connection to a scheduler. errc::unavailable if it does not say whom one may talk to within `limit`.
  static expected<std::unique_ptr<client_link>> connect(tls::context_ptr who, tls::connection over, duration limit);

  /// Blocks. errc::unavailable after `limit`, or as soon as the connection is seen to be gone.
  template <class Reply, class Request> expected<Reply> call(Request what, duration limit) {
    return call_on<Reply>(face_, std::move(what), limit);
  }

  /// The same of another actor that the cell has named.
  template <class Reply, class Face, class Request>
  expected<Reply> call_on(const Face& face, Request what, duration limit) {
    auto slot = std::make_shared<answer_slot<Reply>>();
    auto answer = slot->future();
    auto question = std::make_shared<Request>(std::move(what));
    system_.spawn([face, limit, slot, question](caf::event_based_actor* self) {
      harden(self);
      auto eyes = std::make_shared<watcher<caf::event_based_actor>>(self);
      eyes->watch(caf::actor_cast<caf::strong_actor_ptr>(face), [self, slot](const caf::error&) {
        slot->set(fail(errc::unavailable, "the connection was lost"));
        self->quit();
      });
      ask(self, face, limit, std::move(*question))
          .then(
              [self, slot, eyes](Reply& reply) {
                slot->set(std::move(reply));
                self->quit();
              },
              [self, slot, eyes](caf::error& e) {
                slot->set(fail(errc::unavailable, describe(e)));
                self->quit();
              });
    });
    return answer.get(); // The request's own limit ends it.
  }

private:
  explicit client_link(tls::context_ptr who);
  static std::string describe(const caf::error& e);
  expected<void> find_face(tls::connection over, duration limit);

  std::unique_ptr<caf::actor_system_config> config_; ///< Outlives the system.
  caf::actor_system system_;
  tls_transport transport_;
  client_face_actor face_;
};

} // namespace fabric::actors
