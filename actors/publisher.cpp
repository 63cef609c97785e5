#include "actors/publisher.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/system.hpp"

#include <caf/io/middleman_actor.hpp>
#include <spdlog/spdlog.h>

#include <utility>

namespace fabric::actors {

namespace {

constexpr int exit_cannot_listen = 3;
constexpr duration look_interval = 1s;
constexpr duration door_limit = 10s; ///< For CAF to open or shut a port.

class publisher_shell : public directory_client_actor::base {
public:
  publisher_shell(caf::actor_config& cfg, environment_ptr env, publisher_settings how)
      : directory_client_actor::base(cfg), env_(std::move(env)), how_(std::move(how)) {
    harden(this);
    if (!how_.through.publish) how_.through = tls_door();
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

  door tls_door() {
    return {[this, host = how_.host](const client_face_actor& face, std::uint16_t port) {
              return publish_on(face, host, port);
            },
            [this](const client_face_actor& face, std::uint16_t port) { withdraw(face, port); }};
  }

  expected<std::uint16_t> publish_on(const client_face_actor& face, const std::string& host, std::uint16_t port) {
    expected<std::uint16_t> result;
    caf::scoped_actor self{system()};
    ask(self.ptr(), dialer(system()), door_limit, caf::publish_atom_v, port,
        caf::actor_cast<caf::strong_actor_ptr>(face), system().message_types(face), host, true)
        .receive([&](std::uint16_t found) { result = found; },
                 [&](const caf::error& e) { result = fabric::fail(errc::unavailable, caf::to_string(e)); });
    return result;
  }

  void withdraw(const client_face_actor& face, std::uint16_t port) {
    const auto through = dialer(system());
    if (!through) return; // The node ends.
    caf::scoped_actor self{system()};
    ask(self.ptr(), through, door_limit, caf::unpublish_atom_v, caf::actor_cast<caf::actor_addr>(face), port)
        .receive([] {}, [](const caf::error&) {});
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
