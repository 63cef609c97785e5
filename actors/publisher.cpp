#include "actors/publisher.hpp"

#include "actors/compat.hpp"
#include "actors/messages.hpp"

#include <caf/io/middleman.hpp>

namespace fabric::actors {

namespace {

constexpr int exit_cannot_listen = 3;

class publisher_shell : public directory_client_actor::base {
public:
  publisher_shell(caf::actor_config& cfg, environment_ptr env, publisher_settings how)
      : directory_client_actor::base(cfg), env_(std::move(env)), how_(std::move(how)) {
    harden(this);
    if (!how_.through.publish) how_.through = middleman_door();
  }

  const char* name() const override { return "fabric.publisher"; }

  behavior_type make_behavior() override {
    return {[this](directory_entry& m) {
      if (m.name == "scheduler") publish(caf::actor_cast<scheduler_actor>(m.actor));
    }};
  }

  /// Else its successor would find the port taken, by its own node.
  void on_exit() override {
    if (published_) how_.through.unpublish(published_, how_.port);
    published_ = nullptr;
  }

private:
  void publish(scheduler_actor scheduler) {
    if (published_) how_.through.unpublish(published_, how_.port);
    published_ = nullptr;
    const client_face_actor face = scheduler;
    const auto port = how_.through.publish(face, how_.port);
    if (!port) {
      env_->fail(exit_cannot_listen, "cannot listen on node.listen " + how_.host + ":" + std::to_string(how_.port) +
                                         ": " + render(port.error()));
      return;
    }
    how_.port = *port;
    published_ = face;
    how_.on_published(*port);
  }

  door middleman_door() {
    auto& middleman = system().middleman();
    return {
        [&middleman, host = how_.host](const client_face_actor& face, std::uint16_t port) -> expected<std::uint16_t> {
          const auto found = middleman.publish(face, port, host.c_str(), true);
          if (!found) return fabric::fail(errc::unavailable, caf::to_string(found.error()));
          return *found;
        },
        [&middleman](const client_face_actor& face, std::uint16_t port) { middleman.unpublish(face, port); }};
  }

  environment_ptr env_;
  publisher_settings how_;
  client_face_actor published_;
};

} // namespace

directory_client_actor spawn_publisher(caf::actor_system& sys, environment_ptr env, publisher_settings how,
                                       spawn_as as) {
  return spawn_shell<publisher_shell>(sys, as == spawn_as::detached, std::move(env), std::move(how));
}

} // namespace fabric::actors
