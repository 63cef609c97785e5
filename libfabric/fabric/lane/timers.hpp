#pragma once

#include "fabric/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace fabric::lane {

/// What a timer is for; the key says which one.
enum class timer_kind : std::uint8_t {
  budget, ///< An attempt's budget ends; key: fence.
  answer, ///< An operation is unanswered; key: ticket.
  start,  ///< A start is unanswered; key: fence.
  stop,   ///< A stopped attempt has not ended; key: fence.
  doubt,  ///< An attempt that its node does not hold; key: fence.
  load,   ///< A page is unanswered.
  verify, ///< A row of which nothing was heard after errc::stale; key: job.
  offer,  ///< Offers are said again.
  resume, ///< The store refused work; try again.
  carry,  ///< Another lane has not said whether it takes an attempt; key: fence.
};

/// One time per (kind, key); setting it again replaces it. Equal times come in the order of kind and key.
class timers {
public:
  using name = std::pair<timer_kind, std::uint64_t>;

  void set(timer_kind kind, std::uint64_t key, time_point at) {
    cancel(kind, key);
    times_.emplace(name{kind, key}, at);
    order_.emplace(at, kind, key);
  }

  void cancel(timer_kind kind, std::uint64_t key) {
    const auto it = times_.find({kind, key});
    if (it == times_.end()) return;
    order_.erase({it->second, kind, key});
    times_.erase(it);
  }

  bool is_set(timer_kind kind, std::uint64_t key) const { return times_.contains({kind, key}); }

  std::optional<time_point> next() const {
    if (order_.empty()) return std::nullopt;
    return std::get<time_point>(*order_.begin());
  }

  /// Takes out the first one that is due.
  std::optional<name> pop(time_point now) {
    if (order_.empty() || std::get<time_point>(*order_.begin()) > now) return std::nullopt;
    const auto [at, kind, key] = *order_.begin();
    cancel(kind, key);
    return name{kind, key};
  }

private:
  std::map<name, time_point> times_;
  std::set<std::tuple<time_point, timer_kind, std::uint64_t>> order_;
};

} // namespace fabric::lane
