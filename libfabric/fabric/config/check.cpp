#include "fabric/config/check.hpp"

#include "fabric/config/modes.hpp"
#include "fabric/config/rules.hpp"
#include "fabric/duration_text.hpp"
#include "fabric/nearest.hpp"
#include "fabric/policy/registry.hpp"
#include "fabric/supervision/restart.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace fabric::config {

namespace {

class checker {
public:
  checker(const root& all, const document& doc, problems& out) : all_(all), doc_(doc), out_(out) {
    for (const auto& l : all.lanes) names_.push_back(l.name);
  }

  void run() {
    if (all_.lanes.empty()) complain("/lanes", "must name at least one lane");
    for (std::size_t i = 0; i < all_.lanes.size(); ++i) check_lane(i);
    for (std::size_t i = 0; i < all_.lanes.size(); ++i) check_circle(i);
    check_node();
    for (const auto& [name, one] : all_.classes) check_class(join("/classes", name), one);
    check_slots();
    check_params();
    check_leases();
    check_supervision();
  }

private:
  void complain(const std::string& pointer, std::string message) {
    const auto& from = doc_.origin_of(pointer);
    out_.push_back({from.file, from.line, pointer, std::move(message)});
  }

  bool is_given(const std::string& pointer) const { return doc_.value.contains(nlohmann::json::json_pointer(pointer)); }

  void check_lane_name(const std::string& pointer, const std::string& name) {
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) return;
    complain(pointer, "no lane is named \"" + name + "\"" + did_you_mean(name, names_));
  }

  /// The lanes of a node that joins are those of the scheduler, which says what it does not know.
  void check_node() {
    if (!all_.node.join.empty()) return;
    for (const auto& [name, slots] : all_.node.workers) check_lane_name(config::join("/node/workers", name), name);
  }

  void check_lane(std::size_t i) {
    const auto& l = all_.lanes[i];
    const auto here = "/lanes/" + std::to_string(i);
    if (l.name.empty()) {
      if (!is_given(here + "/name")) complain(here, "needs a \"name\"");
    } else if (const auto first = std::find(names_.begin(), names_.end(), l.name) - names_.begin();
               static_cast<std::size_t>(first) < i) {
      complain(here + "/name",
               "\"" + l.name + "\" is the name of /lanes/" + std::to_string(first) + " too; names must differ");
    }
    if (l.timeout.what == on_timeout::kind::fail) return;
    const auto way = here + "/on_timeout";
    if (!l.timeout.move_to.empty()) {
      check_lane_name(way + "/move_to", l.timeout.move_to);
      if (l.timeout.move_to == l.name) complain(way + "/move_to", "must name another lane than its own");
    } else if (l.budget && !target(i)) {
      complain(here + "/budget", "the last lane has no next one to move to: give it \"on_timeout\": \"fail\" or a "
                                 "\"move_to\", or no budget");
    }
    check_modes(way, l.timeout.modes);
  }

  // A way that can always be gone ends the list. "restart" always can; "resume" too, as a restart if nothing was saved.
  void check_modes(const std::string& way, const std::vector<policy::demotion_mode>& modes) {
    using policy::demotion_mode;
    for (std::size_t i = 1; i < modes.size(); ++i) {
      const auto before = modes[i - 1];
      const bool reached =
          before == demotion_mode::carry || (before == demotion_mode::resume && modes[i] == demotion_mode::restart);
      if (!reached)
        return complain(way + "/else", "\"" + std::string(name_of(modes[i])) + "\" is never done after \"" +
                                           std::string(name_of(before)) + "\", which always can be done");
    }
  }

  /// Where jobs that outstay lane `i` go.
  std::optional<std::size_t> target(std::size_t i) const {
    const auto& l = all_.lanes[i];
    if (!l.budget || l.timeout.what == on_timeout::kind::fail) return std::nullopt;
    if (l.timeout.move_to.empty()) return i + 1 < all_.lanes.size() ? std::optional(i + 1) : std::nullopt;
    const auto it = std::find(names_.begin(), names_.end(), l.timeout.move_to);
    if (it == names_.end()) return std::nullopt;
    return static_cast<std::size_t>(it - names_.begin());
  }

  /// Reports a circle of two lanes or more once, at its first lane.
  void check_circle(std::size_t first) {
    std::string way = names_[first];
    std::set<std::size_t> seen{first};
    for (auto at = target(first); at; at = target(*at)) {
      way += " -> " + names_[*at];
      if (*at == first && seen.size() > 1 && *seen.begin() == first)
        return complain("/lanes/" + std::to_string(first) + "/on_timeout",
                        "jobs over budget would go round in a circle: " + way);
      if (!seen.insert(*at).second) return;
    }
  }

  void check_class(const std::string& here, const job_class& one) {
    check_command(here, one);
    if (!one.lane.empty() && all_.node.join.empty()) check_lane_name(here + "/lane", one.lane);
    check_modes(here + "/on_timeout", one.on_timeout);
    if (one.backoff.max < one.backoff.base)
      complain(here + "/backoff/max", "must be at least \"base\", " + format_duration(one.backoff.base));
  }

  /// A class has a command or a handler, and nothing that belongs to the other.
  void check_command(const std::string& here, const job_class& one) {
    const bool command = is_given(here + "/command");
    const bool handler = !one.handler.empty();
    if (!command && !handler)
      return complain(here, "needs a \"command\": the program and its arguments; or a \"handler\"");
    if (command && handler) return complain(here + "/handler", "a class has a \"command\" or a \"handler\", not both");
    if (command && one.threads != handler_threads{})
      complain(here + "/threads", "is for a class with a \"handler\"; a command is a process");
    const auto only_for_commands = [&](const char* key, bool given) {
      if (handler && given)
        complain(here + key, "is for a class with a \"command\"; a handler runs in the node's own process");
    };
    only_for_commands("/cwd", !one.cwd.empty());
    only_for_commands("/env", !one.env.empty());
    only_for_commands("/user", !one.user.empty());
  }

  void check_slots() {
    std::uint64_t sum = 0;
    for (const auto& l : all_.lanes) {
      const auto own = all_.node.workers.find(l.name);
      sum += own == all_.node.workers.end() ? l.slots : own->second;
    }
    if (sum > slots_max)
      complain(all_.node.workers.empty() ? "/lanes" : "/node/workers", "the lanes' slots on this node add up to " +
                                                                           std::to_string(sum) + "; one node has " +
                                                                           std::to_string(slots_max) + " at most");
  }

  void check_params() {
    // With a lane that is certainly good: the lanes have their own checks, and the policy knows its parameters.
    const auto built = policy::make_policy(all_.routing.policy, {{"any"}}, all_.routing.params);
    if (!built) complain(built.error().where, built.error().message);
  }

  void check_leases() {
    if (all_.lease.max < all_.lease.first)
      complain("/lease/max", "must be at least \"first\", " + format_duration(all_.lease.first));
    // A node renews every third of `first`: hearing nothing for less proves nothing.
    if (all_.lease.node_silence <= all_.lease.first / 3)
      complain("/lease/node_silence",
               "must be more than a third of \"first\", the time between two renewals of a node that is well");
  }

  void check_supervision() {
    const auto& s = all_.supervision;
    const auto all = fabric::supervision::delays({.restarts = s.restarts, .within = s.within, .backoff = s.backoff});
    if (all >= s.within)
      complain("/supervision/within",
               "must be more than " + format_duration(all) + ", which the backoffs of " + std::to_string(s.restarts) +
                   " restarts take together, or the node never gives up a part that cannot be kept alive");
  }

  const root& all_;
  const document& doc_;
  problems& out_;
  std::vector<std::string> names_;
};

} // namespace

void check_relations(const root& all, const document& doc, problems& out) { checker(all, doc, out).run(); }

} // namespace fabric::config
