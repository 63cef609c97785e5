#include "actors/publisher.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"

#include <caf/io/middleman.hpp>
#include <spdlog/spdlog.h>

#include <utility>

namespace fabric::actors {

namespace {

constexpr int exit_cannot_listen = 3;
constexpr duration look_interval = 1s;

class publisher_shell : public directory_client_actor::base {
public:
  publisher_shell(caf::actor_config& cfg, environment_ptr env, publisher_settings how)
      : directory_client_actor::base(cfg), env_(std::move(env)), how_(std::move(how)) {
    harden(this);
    if (!how_.through.publish) how_.through = middleman_door();
  }

  const char* name() const override { return "fabric.publisher"; }

  behavior_type make_behavior() override {
    if (how_.descriptors) alarm_.arm(env_->now() + look_interval);
    return {[this](directory_entry& m) { meet(m); }};
  }

  /// Else its successor would find the port taken, by its own node.
  void on_exit() override {
    alarm_.stop();
    shut();
    face_ = nullptr;
    store_ = nullptr;
  }

private:
  void meet(const directory_entry& m) {
    if (m.name == "store") store_ = caf::actor_cast<store_actor>(m.actor);
    if (m.name != "scheduler") return;
    face_ = caf::actor_cast<scheduler_actor>(m.actor);
    shut();
    if (!watch_.few()) publish();
  }

  void shut() {
    if (published_) how_.through.unpublish(published_, how_.port);
    published_ = nullptr;
  }

  void look() {
    alarm_.arm(env_->now() + look_interval);
    if (!watch_.see(how_.descriptors())) return;
    if (watch_.few())
      shut();
    else if (face_)
      publish();
    const char* text = watch_.few() ? "descriptors are few, no new connections" : "descriptors are enough again";
    env_->log->warn("publisher: {}", text);
    store_operations m;
    const char* kind = watch_.few() ? "descriptors_few" : "descriptors_enough";
    m.asks.push_back({0, store::note{.kind = kind, .lane = {}, .node = {}, .id = 0, .text = text}});
    tell(this, store_, std::move(m));
  }

  void publish() {
    const auto port = how_.through.publish(face_, how_.port);
    if (!port) {
      env_->fail(exit_cannot_listen, "cannot listen on node.listen " + how_.host + ":" + std::to_string(how_.port) +
                                         ": " + render(port.error()));
      return;
    }
    how_.port = *port;
    published_ = face_;
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
  node::descriptor_watch watch_;
  alarm_clock<publisher_shell> alarm_{this, env_, [this] { look(); }};
  store_actor store_;
  client_face_actor face_;      ///< Of the newest scheduler.
  client_face_actor published_; ///< Null while the door is shut.
};

} // namespace

directory_client_actor spawn_publisher(caf::actor_system& sys, environment_ptr env, publisher_settings how,
                                       spawn_as as) {
  return spawn_shell<publisher_shell>(sys, as == spawn_as::detached, std::move(env), std::move(how));
}

} // namespace fabric::actors
