#include "fabric/scheduler/registrar.hpp"

#include "fabric/config/cell_terms.hpp"
#include "fabric/config/dump.hpp"
#include "fabric/job/names.hpp"

namespace fabric::scheduler {

namespace {

std::string versus(const std::string& what, const std::string& theirs, const std::string& ours) {
  return "the node's " + what + " is " + theirs + ", the scheduler's is " + ours +
         ": install the same version on both hosts";
}

} // namespace

expected<void> same_build(const build_card& node, const build_card& scheduler) {
  const auto refuse = [](const char* what, const std::string& theirs, const std::string& ours) {
    return fail(errc::incompatible, versus(what, theirs, ours), what);
  };
  if (node.protocol != scheduler.protocol)
    return refuse("protocol", std::to_string(node.protocol), std::to_string(scheduler.protocol));
  if (node.caf != scheduler.caf) return refuse("CAF", node.caf, scheduler.caf);
  if (node.types != scheduler.types) return refuse("build", node.name, scheduler.name + " with other messages");
  return {};
}

expected<void> registrar::admit(const node_card& card, const std::string& shown) {
  if (auto same = same_build(card.build, own_.build); !same) return same;
  if (!is_name(card.name)) return fail(errc::bad_input, "a node's name is 1 to 64 letters, digits, _ . -", "name");
  if (shown != "node " + card.name)
    return fail(errc::not_allowed, "its certificate is that of " + shown + ", not of node " + card.name, "node.name");
  if (card.name == own_.name)
    return fail(errc::wrong_state, card.name + " is the name of the scheduler's own node; give this one another",
                "node.name");
  const auto known = nodes_.find(card.name);
  if (known != nodes_.end() && known->second.boot != card.boot)
    return fail(errc::wrong_state,
                "another node that is connected now has the name " + card.name +
                    "; give this one another, or wait until the other is gone",
                "node.name");
  if (known != nodes_.end() && known->second.session >= card.session)
    return fail(errc::stale, "a newer hello of this node came before", "session");
  if (const auto unknown = config::unknown_lanes(card.slots, config_); !unknown.empty())
    return fail(errc::unknown_lane, "the cell has no lane named " + unknown.front(), "node.workers");
  nodes_[card.name] = card;
  return {};
}

bool registrar::gone(const std::string& name, std::uint64_t boot, std::uint64_t session) {
  const auto known = nodes_.find(name);
  if (known == nodes_.end() || known->second.boot != boot || known->second.session != session) return false;
  nodes_.erase(known);
  return true;
}

std::vector<node_facts> registrar::report() const {
  std::vector<node_facts> all{{own_.name, own_.boot, own_.labels, {}, own_.build.name}};
  for (const auto& [name, card] : nodes_)
    all.push_back({name, card.boot, card.labels, differences(card), card.build.name});
  return all;
}

std::map<std::string, std::map<std::string, std::string>> registrar::linked() const {
  std::map<std::string, std::map<std::string, std::string>> all{{own_.name, own_.labels}};
  for (const auto& [name, card] : nodes_) all.emplace(name, card.labels);
  return all;
}

/// A class that only the node has is one that nobody can ask for.
std::vector<std::string> registrar::differences(const node_card& card) const {
  std::vector<std::string> all;
  for (const auto& [name, one] : config_.classes) {
    const auto theirs = card.classes.find(name);
    if (theirs == card.classes.end())
      all.push_back("class " + name + " is not configured there");
    else if (theirs->second != config::class_hash(one))
      all.push_back("class " + name + " is configured differently there");
  }
  for (const auto& [name, hash] : card.classes)
    if (!config_.classes.contains(name)) all.push_back("class " + name + " is configured only there");
  return all;
}

} // namespace fabric::scheduler
