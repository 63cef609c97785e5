#pragma once

#include "fabric/invariant.hpp"
#include "fabric/job/job.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// The membership machine: the nodes, by boot id, and the lease of every running attempt. Pure.
///
/// A lease is as long as what would be lost: `first`, doubled each time the attempt's age reaches the next step
/// (15 s, 30 s, 60 s, … `max`); the new length is committed before it is granted. The granter counts from when it
/// answers a renewal, plus `slack`; the holder from when it sent the renewal, so the holder's end is always earlier.
namespace fabric::scheduler {

struct lease_settings {
  duration first = std::chrono::seconds{15};
  duration max = std::chrono::minutes{20};
  duration silence = std::chrono::seconds{10}; ///< A node not heard of for this long is lost.
  duration slack = std::chrono::seconds{1};
  duration late = std::chrono::seconds{2};   ///< A timer later than this means that this process was frozen.
  duration remember = std::chrono::hours{1}; ///< How long a lost node is listed.
  duration resend = std::chrono::seconds{5}; ///< An extension that the store has not answered is asked again.
};

// -- events -----------------------------------------------------------------------------------------------------------

/// A node's one message per third of `first`: it lives, and its runner holds these fences.
struct node_renewed {
  std::string node;
  std::uint64_t boot = 0;
  std::uint64_t seq = 0; ///< Of this holder.
  std::vector<fence_t> fences;
  std::uint32_t holder = 0; ///< Who of the node speaks: its processes' and its handlers' leases are renewed apart.
};
/// The connection to this node broke: it is lost at once; what it holds is not, it may still run.
struct node_unlinked {
  std::string node;
  std::uint64_t boot = 0;
};
/// From a lane: this attempt's lease began now, or was loaded with this stored length. Of a lease already watched it
/// takes nothing back: a lane that starts anew may have read an older row.
struct attempt_leased {
  fence_t fence = 0;
  job_id id = 0;
  std::string lane;
  std::string node;
  duration length{};
};
/// From the lane that it is in; what a lane says of an attempt that was carried away from it changes nothing.
struct attempt_closed {
  fence_t fence = 0;
  std::string lane;
};
/// The store's answer to `extend_lease`.
struct lease_extended {
  fence_t fence = 0;
  duration length{};
  bool ok = false;
};
struct membership_tick {};
/// The scheduler stops as planned: every lease gets at least this length. Answered by extend_lease effects, and, once
/// they are committed, by leases_granted to everybody, as if they had renewed again.
struct grant_all {
  duration length{};
};

using membership_event = std::variant<node_renewed, attempt_leased, attempt_closed, lease_extended, membership_tick,
                                      grant_all, node_unlinked>;

// -- effects ----------------------------------------------------------------------------------------------------------

/// To the node: these leases now end `length` after you sent renewal `seq`. A fence you hold and that is not here is
/// not renewed.
struct leases_granted {
  std::string node;
  std::uint64_t seq = 0;
  std::vector<std::pair<fence_t, duration>> lengths;
  std::uint32_t holder = 0;
};
struct extend_lease {
  job_id id = 0;
  fence_t fence = 0;
  duration length{};
};
/// To the lane: nobody renewed it; the node may no longer run it.
struct lease_ended {
  std::string lane;
  fence_t fence = 0;
};
/// To the lanes, and into the log.
struct node_lost {
  std::string node;
  std::uint64_t boot = 0;
  bool silent = true; ///< Else its connection broke.
};
struct node_joined {
  std::string node;
  std::uint64_t boot = 0;
};

using membership_effect = std::variant<leases_granted, extend_lease, lease_ended, node_lost, node_joined>;
using membership_effects = std::vector<membership_effect>;

/// For `fabric nodes`.
struct node_status {
  std::string node;
  std::uint64_t boot = 0;
  duration silent{};
  std::uint32_t held = 0;
  bool lost = false; ///< Kept in the list for lease_settings::remember.
};

class membership {
public:
  /// @pre 0 < first <= max (asserted).
  explicit membership(lease_settings how) : how_(how) { invariant(how_.first > duration{0} && how_.first <= how_.max); }

  membership_effects handle(const membership_event& what, time_point now);
  std::optional<time_point> wake_at() const;
  std::vector<node_status> report(time_point now) const;

private:
  struct renewal {
    std::uint64_t seq = 0;
    std::vector<fence_t> fences;
  };
  struct member {
    std::uint64_t boot = 0;
    time_point heard{};
    bool lost = false;
    std::map<std::uint32_t, renewal> newest; ///< By holder.
  };
  struct held_lease {
    job_id id = 0;
    std::string lane;
    std::string node;
    time_point began{};
    duration length{}; ///< Committed.
    time_point ends{}; ///< The granter's end, slack included.
    duration asked{};  ///< Length asked of the store and not yet answered; zero: none.
    time_point asked_at{};
  };

  void on(const node_renewed& e, time_point now, membership_effects& out);
  void on(const attempt_leased& e, time_point now, membership_effects& out);
  void on(const attempt_closed& e, time_point now, membership_effects& out);
  void on(const lease_extended& e, time_point now, membership_effects& out);
  void on(const membership_tick& e, time_point now, membership_effects& out);
  void on(const grant_all& e, time_point now, membership_effects& out);
  void on(const node_unlinked& e, time_point now, membership_effects& out);
  void lose(const std::string& node, member& m, bool silent, membership_effects& out);
  void tell_outage(time_point now, membership_effects& out);
  void lengthen(fence_t fence, held_lease& lease, duration length, time_point now, membership_effects& out);
  time_point granters_end(time_point now, duration length) const;
  duration due_length(const held_lease& lease, time_point now) const;
  duration least_age(duration length) const;
  void give_everyone_a_round(time_point now);

  lease_settings how_;
  std::map<std::string, member> nodes_;
  std::map<fence_t, held_lease> leases_;
  bool outage_ = false; ///< Planned, and not everybody has been told.
};

} // namespace fabric::scheduler
