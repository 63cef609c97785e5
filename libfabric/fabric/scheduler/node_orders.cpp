#include "fabric/scheduler/node_orders.hpp"

#include "fabric/duration_text.hpp"

#include <algorithm>

namespace fabric::scheduler {

expected<std::string> node_meant(const std::string& name, const std::string& own,
                                 const std::vector<std::string>& here) {
  if (name.empty()) return own;
  if (std::find(here.begin(), here.end(), name) != here.end()) return name;
  std::string names;
  for (const auto& one : here) names += (names.empty() ? "" : ", ") + one;
  return fail(errc::not_found, "no node named \"" + name + "\" is here now; here are: " + names, "node");
}

expected<duration> drain_order(std::optional<duration> length, const config::root& all) {
  if (length && (*length < duration{0} || *length > longest_drain))
    return fail(errc::bad_input, "a drain takes at most " + format_duration(longest_drain), "deadline");
  return length.value_or(all.node.drain_timeout);
}

} // namespace fabric::scheduler
