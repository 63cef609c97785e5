#include "nodes/fabricd/node_events.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace fabric::nodes {

node_events::node_events() : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void node_events::push(node_event what) {
  {
    const std::lock_guard lock{mutex_};
    queue_.push_back(std::move(what));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof(one));
}

std::vector<node_event> node_events::take() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(wake_.get(), &count, sizeof(count));
  const std::lock_guard lock{mutex_};
  return std::exchange(queue_, {});
}

} // namespace fabric::nodes
