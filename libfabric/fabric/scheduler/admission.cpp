#include "fabric/scheduler/admission.hpp"

#include "fabric/bytes_text.hpp"
#include "fabric/config/classes.hpp"
#include "fabric/config/command_template.hpp"
#include "fabric/job/json.hpp"
#include "fabric/nearest.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace fabric::scheduler {

namespace {

std::string in_quotes(const std::string& name) { return "\"" + name + "\""; }

/// Room for one more job.
expected<void> check_room(const config::limits& limits, const admission_state& now) {
  if (now.draining) return fail(errc::draining, "the fabric is draining and takes no new jobs; try again later");
  if (now.live_jobs >= limits.max_queued)
    return fail(errc::limit_reached, std::to_string(now.live_jobs) + " jobs are queued; limits.max_queued is " +
                                         std::to_string(limits.max_queued) + "; try again later");
  return {};
}

/// Room for the question itself.
expected<void> check_load(const job_spec& spec, const config::limits& limits, const admission_state& now) {
  const auto after = now.inflight_bytes + submission_bytes(spec);
  if (after > limits.max_inflight_submits)
    return fail(errc::limit_reached, std::to_string(after) + " bytes of submissions would wait for their answer; " +
                                         "limits.max_inflight_submits is " + format_bytes(limits.max_inflight_submits) +
                                         "; try again later");
  return {};
}

expected<const config::job_class*> check_class(const std::string& name, const config::root& all,
                                               const admission_state& now) {
  const auto* found = config::find_class(all, name);
  if (found == nullptr && name == config::ad_hoc_class)
    return fail(errc::not_allowed, "commands given by clients are switched off: \"allow_ad_hoc\" is false", "/class");
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const auto& [known, one] : all.classes) names.push_back(known);
    return fail(errc::unknown_class, "no class is named " + in_quotes(name) + did_you_mean(name, names), "/class");
  }
  if (!found->enabled)
    return fail(errc::class_disabled, "the class " + in_quotes(name) + " is switched off: \"enabled\" is false",
                "/class");
  if (now.unavailable.contains(name))
    return fail(errc::class_unavailable, "no node can run the class " + in_quotes(name) + " now", "/class");
  return found;
}

expected<void> check_lane(const std::string& name, const config::root& all) {
  std::vector<std::string> names;
  for (const auto& l : all.lanes) names.push_back(l.name);
  if (std::find(names.begin(), names.end(), name) != names.end()) return {};
  return fail(errc::unknown_lane, "no lane is named " + in_quotes(name) + did_you_mean(name, names), "/lane");
}

/// The command could be built from this input.
expected<void> check_input(const job_spec& spec, const config::job_class& how) {
  if (spec.job_class == config::ad_hoc_class) {
    if (const auto command = config::parse_ad_hoc(spec.input); !command) return tl::unexpected(command.error());
    return {};
  }
  const auto input = nlohmann::json::parse(spec.input, nullptr, false);
  for (const auto& argument : how.command)
    if (const auto text = config::fill_template(argument, input); !text) return tl::unexpected(text.error());
  return {};
}

} // namespace

std::uint64_t submission_bytes(const job_spec& spec) {
  std::uint64_t bytes = sizeof(job_spec) + spec.job_class.size() + spec.input.size() + spec.owner.size();
  if (spec.idempotency_key) bytes += spec.idempotency_key->size();
  if (spec.ordering_key) bytes += spec.ordering_key->size();
  for (const auto& [key, value] : spec.labels) bytes += key.size() + value.size();
  return bytes;
}

expected<admitted> admit(job_spec spec, const config::root& all, const admission_state& now) {
  const auto room = check_room(all.limits, now);
  if (!room && !spec.idempotency_key) return tl::unexpected(room.error());
  if (auto ok = check_load(spec, all.limits, now); !ok) return tl::unexpected(ok.error());
  auto good = checked(std::move(spec));
  if (!good) return tl::unexpected(good.error());
  const auto how = check_class(good->job_class, all, now);
  if (!how) return tl::unexpected(how.error());
  if (good->lane)
    if (auto ok = check_lane(*good->lane, all); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_input(*good, **how); !ok) return tl::unexpected(ok.error());
  admitted in;
  in.max_attempts = good->max_attempts.value_or((*how)->max_attempts);
  in.lane = good->lane;
  if (!in.lane && !(*how)->lane.empty()) in.lane = (*how)->lane;
  in.spec = std::move(*good);
  if (!room) in.only_if_known = room.error();
  return in;
}

expected<admitted> ordered_request::admit(job_spec spec, const config::root& all, const admission_state& now) {
  const auto key = spec.ordering_key;
  if (key)
    if (const auto known = no_room_.find(*key); known != no_room_.end()) return tl::unexpected(known->second);
  auto in = scheduler::admit(std::move(spec), all, now);
  const bool later = !in && (in.error().code == errc::limit_reached || in.error().code == errc::draining);
  if (key && later) no_room_.emplace(*key, in.error());
  return in;
}

} // namespace fabric::scheduler
