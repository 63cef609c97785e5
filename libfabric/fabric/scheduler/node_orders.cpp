#include "fabric/scheduler/node_orders.hpp"

#include "fabric/duration_text.hpp"

namespace fabric::scheduler {

expected<void> check_node(const std::string& name, const config::root& all) {
  if (name.empty() || name == all.node.name) return {};
  return fail(errc::not_found, "no node is named \"" + name + "\"; this is " + all.node.name, "node");
}

expected<duration> drain_order(const std::string& name, std::optional<duration> length, const config::root& all) {
  if (auto known = check_node(name, all); !known) return tl::unexpected(known.error());
  if (length && (*length < duration{0} || *length > longest_drain))
    return fail(errc::bad_input, "a drain takes at most " + format_duration(longest_drain), "deadline");
  return length.value_or(all.node.drain_timeout);
}

} // namespace fabric::scheduler
