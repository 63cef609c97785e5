#include "fabric/job/json.hpp"

#include "fabric/duration_text.hpp"
#include "fabric/job/limits.hpp"
#include "fabric/job/strict_json.hpp"
#include "fabric/time_text.hpp"

#include <nlohmann/json.hpp>

namespace fabric {

namespace {

using nlohmann::json;

json seconds(duration d) { return std::chrono::duration<double>(d).count(); }

json instant(time_point t) { return t == no_time ? json(nullptr) : json(format_time(t)); }

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json counts_json(const attempt_counts& c) {
  return {{"failures", c.failures},
          {"memory", c.memory},
          {"lost", c.lost},
          {"demoted", c.demoted},
          {"checkpointed", c.checkpointed}};
}

} // namespace

json to_json(const job_spec& spec) {
  json out = {{"class", spec.job_class}, {"input", embedded(spec.input)}, {"priority", spec.priority}};
  if (spec.delay > duration::zero()) out["delay"] = format_duration(spec.delay);
  if (spec.lane) out["lane"] = *spec.lane;
  if (spec.idempotency_key) out["idempotency_key"] = *spec.idempotency_key;
  if (spec.max_attempts) out["max_attempts"] = *spec.max_attempts;
  if (!spec.owner.empty()) out["owner"] = spec.owner;
  if (!spec.labels.empty()) out["labels"] = spec.labels;
  if (spec.ordering_key) out["key"] = *spec.ordering_key;
  return out;
}

json to_json(const job& j) {
  return {{"id", j.id},
          {"class", j.job_class},
          {"lane", j.lane},
          {"state", to_string(j.state)},
          {"priority", j.priority},
          {"version", j.version},
          {"demoted_order", j.demoted_order},
          {"overflow_from", text_or_null(j.overflow_from)},
          {"run_at", instant(j.run_at)},
          {"submitted_at", instant(j.submitted_at)},
          {"finished_at", instant(j.finished_at)},
          {"fence", j.fence},
          {"attempt", j.attempt},
          {"max_attempts", j.max_attempts},
          {"counts", counts_json(j.counts)},
          {"idempotency_key", text_or_null(j.idempotency_key)},
          {"owner", j.owner},
          {"labels", j.labels},
          {"reason", text_or_null(j.reason)},
          {"cancel_requested", j.cancel_requested},
          {"node", text_or_null(j.node)},
          {"lease_s", seconds(j.lease)},
          {"lane_deaths", j.lane_deaths},
          {"wasted_s", seconds(j.wasted)},
          {"ran_before_s", seconds(j.ran_before)},
          {"key", text_or_null(j.ordering_key)},
          {"key_order", j.key_order}};
}

json to_json(const key_line& line) {
  return {{"first", line.first}, {"first_state", to_string(line.first_state)}, {"ahead", line.ahead}};
}

json to_json(const attempt& a) {
  return {{"job", a.job},
          {"number", a.number},
          {"fence", a.fence},
          {"node", a.node},
          {"worker", a.worker},
          {"lane", a.lane},
          {"leased_at", instant(a.leased_at)},
          {"started_at", instant(a.started_at)},
          {"ended_at", instant(a.ended_at)},
          {"outcome", a.ended_as == outcome::none ? json(nullptr) : json(to_string(a.ended_as))},
          {"run_time_s", seconds(a.run_time)},
          {"saved", a.saved},
          {"report", embedded(a.report)}};
}

json to_json(const job& j, const std::optional<std::string>& input, const std::optional<std::string>& result,
             std::span<const attempt> attempts) {
  json out = to_json(j);
  out["input"] = embedded(input.value_or(""));
  out["result"] = embedded(result.value_or(""));
  json& list = out["attempts"] = json::array();
  for (const attempt& a : attempts) list.push_back(to_json(a));
  return out;
}

json embedded(std::string_view text) {
  if (text.empty()) return nullptr;
  // A stored report may be larger than a submission; its size was bounded when it was written.
  auto value = parse_strict(text, {.bytes = text.size(), .depth = limits::json_depth});
  return value ? std::move(*value) : json(std::string(text));
}

} // namespace fabric
