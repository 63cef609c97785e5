#pragma once

#include "fabric/node/worker.hpp"
#include "fabric/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

/// A worker's attempts run in two places: processes under the node's runner, handlers in the node's own program. To
/// the worker they are one runner: this machine sends each order where it belongs and joins what the two say. Pure.
namespace fabric::node {

enum class place : std::uint8_t { runner = 0, handlers = 1 };

class executors {
public:
  /// Where an order goes: by class for a run, by fence for what follows; both where nobody knows the fence.
  /// @pre it is run_attempt, stop_attempt, forget_attempt or fetch_attempt.
  std::vector<place> route(const worker_effect& order);

  /// Where an attempt of this worker runs; nullopt: not here.
  std::optional<place> where(fence_t fence) const;

  /// What the worker is to hear when one of them says something. Nothing of `runner_up` before both have said it.
  std::vector<worker_event> hear(place from, worker_event what, time_point now);

private:
  struct held {
    place at = place::runner;
    enum class phase : std::uint8_t { running, leaked, ended } in = phase::running;
    held_attempt what;
    time_point started = no_time;
  };
  struct side {
    bool up = false;
    std::vector<std::string> classes; ///< Sorted.
  };

  side& of(place p) { return sides_[static_cast<std::size_t>(p)]; }
  bool is_lacking(fence_t fence);
  void keep(place from, const worker_event& what);
  void replace(place from, const std::vector<held_attempt>& all, time_point now);
  std::vector<worker_event> whole(time_point now) const;

  std::array<side, 2> sides_;
  std::unordered_map<fence_t, held> held_;           ///< Until forgotten, refused, or taken by another worker.
  std::unordered_map<fence_t, std::size_t> fetched_; ///< So many places have not said yet whether they hold it.
};

} // namespace fabric::node
