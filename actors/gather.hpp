#pragma once

#include "actors/compat.hpp"

#include <map>
#include <memory>
#include <string>

namespace fabric::actors {

/// Asks each of `whom` the same and calls `each(name, answer)` as they come, then `done` when all have answered or
/// let `limit` pass. Whoever is silent is left out.
template <class Answer, class Self, class Handle, class Question, class Each, class Done>
void gather(Self* self, const std::map<std::string, Handle>& whom, duration limit, const Question& question, Each each,
            Done done) {
  if (whom.empty()) return done();
  auto open = std::make_shared<std::size_t>(whom.size());
  auto finish = [open, done]() mutable {
    if (--*open == 0) done();
  };
  for (const auto& [name, handle] : whom)
    ask(self, handle, limit, question)
        .then(
            [name = name, each, finish](Answer& answer) mutable {
              each(name, answer);
              finish();
            },
            [finish](caf::error&) mutable { finish(); });
}

} // namespace fabric::actors
