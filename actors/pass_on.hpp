#pragma once

#include "fabric/error.hpp"
#include "fabric/scheduler/questions.hpp"
#include "fabric/time.hpp"

#include "actors/compat.hpp"

#include <utility>

/// What an actor does with a question that another answers.
namespace fabric::actors {

inline constexpr duration answer_limit = std::chrono::seconds{5}; ///< For questions inside the node.
/// For those that another node answers: whoever asks it should be heard to say that it does not.
inline constexpr duration other_node_limit = answer_limit + std::chrono::seconds{1};

template <class Reply> Reply refused(const error& why) {
  Reply reply;
  reply.failure = why;
  return reply;
}

template <class Reply> Reply silence() {
  return refused<Reply>({errc::unavailable, "the part of the fabric that knows is restarting", ""});
}

/// Hands a question on and its answer back, under a limit of open questions. In the actor's context.
template <class Reply, class Self, class To, class Question>
caf::result<Reply> pass_on(Self* self, scheduler::questions& open, const To& to, duration limit, Question question) {
  if (auto room = open.begin(); !room) return refused<Reply>(room.error());
  auto promise = self->template make_response_promise<Reply>();
  ask(self, to, limit, std::move(question))
      .then(
          [promise, &open](Reply& reply) mutable {
            open.end();
            promise.deliver(std::move(reply));
          },
          [promise, &open](caf::error&) mutable {
            open.end();
            promise.deliver(silence<Reply>());
          });
  return promise;
}

} // namespace fabric::actors
