#pragma once

#include "fabric/exec/system.hpp"
#include "fabric/node/worker.hpp"

#include <cstdint>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

/// What the actors tell the main thread, which also listens to signals: a queue with a descriptor to poll.
namespace fabric::nodes {

struct published {
  std::uint16_t port = 0;
};
/// The node has joined its cell, for the first time or again.
struct joined {};
struct worker_empty {
  std::string worker;
  std::vector<node::fate> fates;
};

/// Its lane knows what it offers: jobs find its slots.
struct worker_offered {
  std::string worker;
};

/// So many handlers do not return, more than may.
struct handlers_leaked {
  std::uint32_t count = 0;
};

/// An operator wants the node to leave its jobs to its runner and exit.
struct detach_ordered {};

using node_event = std::variant<published, joined, worker_empty, worker_offered, handlers_leaked, detach_ordered>;

class node_events {
public:
  node_events();
  /// Thread-safe.
  void push(node_event what);
  std::vector<node_event> take();
  /// Readable while there is something to take.
  int fd() const { return wake_.get(); }

private:
  exec::unique_fd wake_;
  std::mutex mutex_;
  std::vector<node_event> queue_;
};

} // namespace fabric::nodes
