#include "fabric/scheduler/lane_orders.hpp"

#include "fabric/duration_text.hpp"
#include "fabric/job/strict_json.hpp"
#include "fabric/nearest.hpp"

#include <algorithm>
#include <vector>

namespace fabric::scheduler {

namespace {

expected<void> known_lane(const std::string& lane, const config::root& all) {
  std::vector<std::string> names;
  for (const auto& l : all.lanes) names.push_back(l.name);
  if (std::ranges::find(names, lane) != names.end()) return {};
  return fail(errc::unknown_lane, "no lane is named \"" + lane + "\"" + did_you_mean(lane, names), "lane");
}

bool has_control(const std::string& text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

} // namespace

expected<store::set_pause> pause_order(const std::string& lane, const std::string& reason,
                                       std::optional<duration> length, const config::root& all, time_point now) {
  if (auto known = known_lane(lane, all); !known) return tl::unexpected(known.error());
  if (reason.empty()) return fail(errc::bad_input, "a pause needs a reason: others will want to know", "reason");
  if (reason.size() > reason_bytes)
    return fail(errc::bad_input, "the reason is over " + std::to_string(reason_bytes) + " bytes", "reason");
  if (has_control(reason) || !is_utf8(reason))
    return fail(errc::bad_input, "the reason must be one line of UTF-8 text", "reason");
  if (length && (*length < shortest_pause || *length > longest_duration))
    return fail(errc::bad_input,
                "a pause takes " + format_duration(shortest_pause) + " to " + format_duration(longest_duration), "for");
  return store::set_pause{lane, lane_pause{now, length ? now + *length : no_time, reason}, {}};
}

expected<store::set_pause> resume_order(const std::string& lane, const config::root& all) {
  if (auto known = known_lane(lane, all); !known) return tl::unexpected(known.error());
  return store::set_pause{lane, {}, {}};
}

} // namespace fabric::scheduler
