#include "fabric/config/change.hpp"

#include "fabric/config/dump.hpp"
#include "fabric/policy/registry.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace fabric::config {

namespace {

struct difference {
  std::string was, becomes;
};

std::map<std::string, std::string> values_of(const root& all) {
  std::map<std::string, std::string> values;
  const auto flat = nlohmann::json::parse(dump(all, -1)).flatten();
  // null is an option's absence, or an empty object or array.
  for (const auto& [pointer, value] : flat.items())
    if (!value.is_null()) values.emplace(pointer, value.dump());
  return values;
}

std::map<std::string, difference> compare(const root& now, const root& next) {
  std::map<std::string, difference> all;
  for (auto& [pointer, value] : values_of(now)) all[pointer].was = value;
  for (auto& [pointer, value] : values_of(next)) all[pointer].becomes = value;
  std::erase_if(all, [](const auto& item) { return item.second.was == item.second.becomes; });
  return all;
}

bool may_change(const std::string& pointer) {
  return std::any_of(std::begin(changeable), std::end(changeable),
                     [&](const std::string& one) { return pointer == one || pointer.starts_with(one + "/"); });
}

std::string or_nothing(const std::string& value) { return value.empty() ? "nothing" : value; }

/// A class that only one of the two has; empty: the pointer is about something else.
std::string lone_class(const std::string& pointer, const root& now, const root& next) {
  for (const auto* all : {&now, &next})
    for (const auto& [name, c] : all->classes) {
      const auto here = join("/classes", name);
      const bool is_lone = now.classes.contains(name) != next.classes.contains(name);
      if (is_lone && pointer.starts_with(here + "/")) return here + (all == &now ? ": removed" : ": added");
    }
  return {};
}

} // namespace

std::vector<std::string> differences(const root& now, const root& next) {
  std::vector<std::string> lines;
  for (const auto& [pointer, values] : compare(now, next))
    if (auto line = lone_class(pointer, now, next); line.empty())
      lines.push_back(pointer + ": " + or_nothing(values.was) + " -> " + or_nothing(values.becomes));
    else if (lines.empty() || lines.back() != line)
      lines.push_back(std::move(line));
  return lines;
}

std::optional<error> needs_restart(const root& now, const root& next) {
  std::string names;
  for (const auto& [pointer, values] : compare(now, next))
    if (!may_change(pointer)) names += (names.empty() ? "" : ", ") + pointer;
  if (names.empty()) return std::nullopt;
  return error{errc::not_allowed, "changes only with a restart of the node (fabric detach, then start): " + names, {}};
}

std::vector<std::string> lanes_removed(const root& now, const root& next) {
  std::vector<std::string> names;
  for (const auto& l : now.lanes)
    if (std::none_of(next.lanes.begin(), next.lanes.end(), [&](const lane& other) { return other.name == l.name; }))
      names.push_back(l.name);
  return names;
}

expected<loaded> with_policy(loaded now, std::string name, std::map<std::string, std::string> params) {
  now.all.routing = {std::move(name), std::move(params)};
  auto& origins = now.from.origins;
  std::erase_if(origins, [](const auto& item) { return item.first.starts_with("/routing/"); });
  origins["/routing/policy"] = {"fabric policy set", 0};
  for (const auto& [key, value] : now.all.routing.params)
    origins[join("/routing/params", key)] = {"fabric policy set", 0};
  // With a lane that is certainly good: the lanes were checked before.
  const auto made = policy::make_policy(now.all.routing.policy, {{"any"}}, now.all.routing.params);
  if (!made) return tl::unexpected{made.error()};
  return now;
}

} // namespace fabric::config
