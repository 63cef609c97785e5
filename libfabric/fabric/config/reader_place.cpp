#include "fabric/config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

/// Reads what says where things are: the scheduler that a node joins, and the homes of lanes.
namespace fabric::config {

void read(const place& at, std::vector<std::string>& into, const text_list& rule) {
  const auto& v = at.value();
  if (!at.require(v.is_array(), "an array of strings")) return;
  if (v.size() > rule.most) return at.complain(fmt::format("has {} items; {} at most", v.size(), rule.most));
  into.assign(v.size(), {});
  for (std::size_t i = 0; i < v.size(); ++i) {
    read(at.element(i), into[i], words{rule.rule});
    const auto here = into.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(into.begin(), here, *here) != here) at.element(i).complain("is named before");
  }
}

void read(const place& at, lane_place& into, const lane_home&) {
  using kind = lane_place::kind;
  const auto& v = at.value();
  if (!at.require(v.is_string() || v.is_object(), R"("scheduler", a node's name, or labels: {"LABEL": "VALUE"})"))
    return;
  lane_place found;
  if (v.is_object()) {
    found.what = kind::labels;
    read(at, found.labels, each<words>{rules::name, {rules::name}});
    if (found.labels.empty()) at.complain("must have at least one label");
  } else if (v != "scheduler") {
    found.what = kind::node;
    read(at, found.node, words{rules::name});
  }
  into = std::move(found);
}

} // namespace fabric::config
