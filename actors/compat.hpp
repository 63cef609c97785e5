#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/disposable.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <utility>
#if CAF_MAJOR_VERSION >= 1
#include <caf/anon_mail.hpp>
#else
#include <caf/send.hpp>
#endif

/// The only file that knows which CAF this is: the sources compile against 0.18.7, which is tested, and 1.1.
/// CAF_MAJOR_VERSION tells them apart (CAF_VERSION is wrong in 1.1).
namespace fabric::actors {

/// Told of what actors drop (see harden), on any thread. Set before there are actors; unset: nobody is told.
inline std::function<void(const char* actor, const std::string& what)>& on_stray() {
  static std::function<void(const char*, const std::string&)> told;
  return told;
}

inline void tell_stray(const char* actor, const std::string& what) {
  if (on_stray()) on_stray()(actor, what);
}

/// Whether one of these is a message that stays inside its process; see type_ids.hpp.
template <class... Ts>
inline constexpr bool stays_inside = (caf::is_allowed_unsafe_message_type_v<std::decay_t<Ts>> || ...);

/// Whether the receiver is on another node while the message cannot leave this one. CAF would put half of it into the
/// stream to that node, which then cuts the connection.
template <class... Ts, class Handle> bool cannot_travel(const Handle& to) {
  if constexpr (stays_inside<Ts...>)
    return to && to.node() != to.home_system().node();
  else
    return false;
}

/// Sends one way: delivered at most once, and silently not at all if the receiver is gone.
template <class Self, class Handle, class... Ts> void tell(Self* self, const Handle& to, Ts&&... xs) {
  if (!to) return;
  if (cannot_travel<Ts...>(to)) return tell_stray(self->name(), "a message to another node that cannot travel");
#if CAF_MAJOR_VERSION >= 1
  self->mail(std::forward<Ts>(xs)...).send(to);
#else
  self->send(to, std::forward<Ts>(xs)...);
#endif
}

/// Sends from outside any actor.
template <class Handle, class... Ts> void tell_anon(const Handle& to, Ts&&... xs) {
#if CAF_MAJOR_VERSION >= 1
  caf::anon_mail(std::forward<Ts>(xs)...).send(to);
#else
  caf::anon_send(to, std::forward<Ts>(xs)...);
#endif
}

/// Sends one way in the name of another actor, wherever the two are.
template <class Handle, class Message>
void tell_in_name_of(const Handle& sender, const Handle& to, const Message& what) {
  const auto receiver = caf::actor_cast<caf::actor>(to);
  auto from = caf::actor_cast<caf::strong_actor_ptr>(sender);
#if CAF_MAJOR_VERSION >= 1
  receiver->enqueue(caf::make_mailbox_element(std::move(from), caf::make_message_id(), what), nullptr);
#else
  receiver->enqueue(std::move(from), caf::make_message_id(), caf::make_message(what), nullptr);
#endif
}

/// A request for control paths. @pre `limit` is finite; the caller gives both handlers. What cannot travel to another
/// node is answered with an error at once.
template <class Self, class Handle, class Rep, class Per, class... Ts>
auto ask(Self* self, const Handle& whom, std::chrono::duration<Rep, Per> limit, Ts&&... xs) {
  const auto to = cannot_travel<Ts...>(whom) ? Handle{} : whom;
#if CAF_MAJOR_VERSION >= 1
  return self->mail(std::forward<Ts>(xs)...).request(to, limit);
#else
  return self->request(to, limit, std::forward<Ts>(xs)...);
#endif
}

/// What long-lived actors need so that a stray or misunderstood message does not end them (and is not printed): CAF
/// would quit the *sender* of a message its receiver did not understand. They end by themselves, by an exception, when
/// they are asked to shut down, and when they are killed (CAF sees to that); not with others. on_exit() may be called
/// twice.
template <class Self> void harden(Self* self) {
#if CAF_MAJOR_VERSION >= 1
  CAF_PUSH_DEPRECATED_WARNING
#endif
  self->set_error_handler([self](caf::error& e) { tell_stray(self->name(), "an error: " + caf::to_string(e)); });
  self->set_default_handler([self](caf::scheduled_actor* me, caf::message& m) {
    tell_stray(self->name(), "a message: " + caf::to_string(m.types()));
    return caf::drop(me, m);
  });
  self->set_exit_handler([self](caf::exit_msg& m) {
    if (m.reason != caf::exit_reason::user_shutdown)
      return tell_stray(self->name(), "an exit message: " + caf::to_string(m.reason));
#if CAF_MAJOR_VERSION >= 1
    self->on_exit(); // CAF would tell those who watch first: the node would leave before its store is closed.
#endif
    self->quit(m.reason);
  });
#if CAF_MAJOR_VERSION >= 1
  CAF_POP_WARNINGS
#endif
  // CAF's own handler prints to stdout and forgets what was thrown; here it is the reason that supervisors see.
  self->set_exception_handler([](std::exception_ptr& thrown) -> caf::error {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      return caf::make_error(caf::sec::runtime_error, std::string{e.what()});
    } catch (...) {
      return caf::make_error(caf::sec::runtime_error, std::string{"an exception without a word"});
    }
  });
}

/// Spawns `Shell`, on a thread of its own if `detached`.
template <class Shell, class... Ts> auto spawn_shell(caf::actor_system& sys, bool detached, Ts&&... xs) {
  if (detached) return sys.spawn<Shell, caf::detached>(std::forward<Ts>(xs)...);
  return sys.spawn<Shell>(std::forward<Ts>(xs)...);
}

/// Calls `on_down(error)` when `what` ends. One callback per watched actor; only for event-based actors.
template <class Self> class watcher {
public:
  explicit watcher(Self* self) : self_(self) {
#if CAF_MAJOR_VERSION < 1
    self_->set_down_handler([this](caf::down_msg& msg) {
      const auto found = callbacks_.find(msg.source);
      if (found == callbacks_.end()) return;
      const auto call = std::move(found->second);
      callbacks_.erase(found);
      call(msg.reason);
    });
#endif
  }

  void watch(const caf::strong_actor_ptr& what, std::function<void(const caf::error&)> on_down) {
#if CAF_MAJOR_VERSION >= 1
    self_->monitor(caf::actor_cast<caf::actor>(what), std::move(on_down));
#else
    callbacks_[caf::actor_cast<caf::actor_addr>(what)] = std::move(on_down);
    self_->monitor(caf::actor_cast<caf::actor>(what));
#endif
  }

private:
  Self* self_;
#if CAF_MAJOR_VERSION < 1
  std::map<caf::actor_addr, std::function<void(const caf::error&)>> callbacks_;
#endif
};

} // namespace fabric::actors
