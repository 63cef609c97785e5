#include "fabric/policy/registry.hpp"

#include "fabric/policy/fast_first.hpp"
#include "fabric/policy/slow_first.hpp"

#include <algorithm>

namespace fabric::policy {

namespace {

using factory = std::shared_ptr<lane_policy> (*)(std::vector<lane_info>);

template <class Policy> std::shared_ptr<lane_policy> build(std::vector<lane_info> lanes) {
  return std::make_shared<Policy>(std::move(lanes));
}

const std::map<std::string, factory>& factories() {
  static const std::map<std::string, factory> all{{"fast-first", &build<fast_first>},
                                                  {"slow-first", &build<slow_first>}};
  return all;
}

std::string where(std::size_t index, const char* key) { return "/lanes/" + std::to_string(index) + "/" + key; }

bool has_lane(const std::vector<lane_info>& lanes, const std::string& name) {
  return std::any_of(lanes.begin(), lanes.end(), [&](const auto& l) { return l.name == name; });
}

expected<void> check_timeout(const std::vector<lane_info>& lanes, std::size_t i) {
  const auto& lane = lanes[i];
  if (lane.budget && *lane.budget <= duration{0})
    return fail(errc::bad_input, "a budget is positive", where(i, "budget"));
  if (!lane.move_to.empty() && !has_lane(lanes, lane.move_to))
    return fail(errc::unknown_lane, "no lane is called \"" + lane.move_to + "\"", where(i, "on_timeout/move_to"));
  if (lane.move_to == lane.name)
    return fail(errc::bad_input, "a lane cannot move jobs to itself", where(i, "on_timeout/move_to"));
  if (lane.fail && !lane.move_to.empty())
    return fail(errc::bad_input, "a lane either fails what times out or moves it", where(i, "on_timeout"));
  auto modes = lane.modes;
  std::sort(modes.begin(), modes.end());
  if (std::adjacent_find(modes.begin(), modes.end()) != modes.end())
    return fail(errc::bad_input, "a mode is named twice", where(i, "on_timeout"));
  return {};
}

expected<void> check(const std::vector<lane_info>& lanes) {
  if (lanes.empty()) return fail(errc::bad_input, "a policy needs at least one lane", "/lanes");
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    if (lanes[i].name.empty()) return fail(errc::bad_input, "a lane has a name", where(i, "name"));
    for (std::size_t k = 0; k < i; ++k)
      if (lanes[k].name == lanes[i].name)
        return fail(errc::bad_input, "two lanes are called \"" + lanes[i].name + "\"", where(i, "name"));
    if (auto ok = check_timeout(lanes, i); !ok) return ok;
  }
  return {};
}

} // namespace

expected<std::shared_ptr<lane_policy>> make_policy(const std::string& name, std::vector<lane_info> lanes,
                                                   const parameters& params) {
  const auto known = factories().find(name);
  if (known == factories().end())
    return fail(errc::bad_input, "no policy is called \"" + name + "\"", "/routing/policy");
  if (!params.empty())
    return fail(errc::bad_input, name + " takes no parameters", "/routing/params/" + params.begin()->first);
  if (auto ok = check(lanes); !ok) return tl::unexpected<error>(ok.error());
  return known->second(std::move(lanes));
}

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (const auto& [name, make] : factories()) names.push_back(name);
  return names;
}

} // namespace fabric::policy
