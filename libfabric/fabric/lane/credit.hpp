#pragma once

#include "fabric/lane/lane.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Overflow by credit: an idle slot here is offered to another lane, which alone knows that all of its own are busy
/// and then hands a job over. Offers are levels, not events: losing or repeating one does no harm.
namespace fabric::lane {

/// The taking side: what was offered to whom.
class offers {
public:
  struct level {
    std::uint32_t slots = 0;
    std::vector<std::string> classes;
    bool operator==(const level&) const = default;
  };

  /// A new epoch: whoever gives starts counting anew.
  void restart(std::uint64_t epoch);
  /// A job came from that lane.
  void received(const std::string& from) { ++lanes_[from].received; }
  /// The offer to send if what is offered to `to`, or what came from it, changed since the last; always if `repeat`.
  std::optional<offer> say(const std::string& to, level now, bool repeat);
  std::uint32_t slots() const; ///< Offered now; the same ones to each lane.

private:
  struct giving_lane {
    std::uint64_t received = 0;
    std::uint64_t said_received = 0;
    level said;
  };
  std::uint64_t seq_ = 0;
  std::map<std::string, giving_lane> lanes_;
};

/// The giving side: what each other lane offers, and what it got on that.
class credits {
public:
  void restart() { lanes_.clear(); }
  void on(const offered& what);
  void hand_over(const std::string& to) { ++lanes_[to].handed; }
  /// The hand-over did not happen.
  void take_back(const std::string& to);
  /// Lanes that will take a job of some class now: those of `first` in that order, then the others by name.
  std::vector<std::string> takers(const std::vector<std::string>& first) const;
  std::uint64_t left(const std::string& to) const;
  const std::vector<std::string>& classes(const std::string& to) const { return lanes_.at(to).classes; }

private:
  struct taking_lane {
    std::uint64_t seq = 0;
    std::uint64_t slots = 0;
    std::uint64_t received = 0;
    std::uint64_t handed = 0;
    std::vector<std::string> classes;
  };
  std::map<std::string, taking_lane> lanes_;
};

} // namespace fabric::lane
