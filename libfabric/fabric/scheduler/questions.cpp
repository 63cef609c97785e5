#include "fabric/scheduler/questions.hpp"

#include "fabric/invariant.hpp"

#include <string>

namespace fabric::scheduler {

expected<void> questions::begin() {
  if (open_ >= max_)
    return fail(errc::limit_reached, std::to_string(open_) +
                                         " questions wait for their answer; limits.max_questions is " +
                                         std::to_string(max_) + "; try again later");
  ++open_;
  return {};
}

void questions::end() {
  invariant(open_ > 0);
  --open_;
}

} // namespace fabric::scheduler
