#include "fabric/exec/report.hpp"

#include <nlohmann/json.hpp>

#include <sys/wait.h>

namespace fabric::exec {

namespace {

using json = nlohmann::ordered_json;

json common(const verdict& end) { return {{"cause", to_string(end.how)}, {"reason", end.reason}}; }

json as_json(const std::vector<moment>& timeline) {
  auto list = json::array();
  for (const auto& m : timeline) list.push_back({{"at_us", m.at_us}, {"what", m.what}});
  return list;
}

json as_json(const std::vector<limit_row>& rows) {
  auto list = json::array();
  for (const auto& r : rows)
    list.push_back({{"name", r.name},
                    {"unit", r.unit},
                    {"limit", r.limit},
                    {"measured", r.measured ? json(*r.measured) : json(nullptr)},
                    {"how", to_string(r.how)},
                    {"exceeded", r.exceeded}});
  return list;
}

/// One process alone may have had more than any sample of the tree saw.
json memory_peak(const report_facts& f) {
  const auto one = static_cast<std::uint64_t>(f.usage.peak_rss_bytes);
  if (f.tree && f.tree->memory >= one) return {{"bytes", f.tree->memory}, {"how", to_string(f.tree->memory_by)}};
  return {{"bytes", one}, {"how", "rusage"}};
}

std::string dump(const json& j) { return j.dump(-1, ' ', false, json::error_handler_t::replace); }

} // namespace

std::string render_report(const report_facts& f) {
  json out = common(f.end);
  const bool exited = f.has_wait_status && WIFEXITED(f.wait_status);
  const bool signalled = f.has_wait_status && WIFSIGNALED(f.wait_status);
  out["exit_code"] = exited ? json(WEXITSTATUS(f.wait_status)) : json(nullptr);
  out["signal"] = signalled ? json(WTERMSIG(f.wait_status)) : json(nullptr);
  out["core"] = signalled ? json(static_cast<bool>(WCOREDUMP(f.wait_status))) : json(nullptr);
  out["stopped"] = to_string(f.stopped);
  out["usage"] = {{"user_us", f.usage.user_us},
                  {"system_us", f.usage.system_us},
                  {"major_faults", f.usage.major_faults},
                  {"voluntary_switches", f.usage.voluntary_switches},
                  {"involuntary_switches", f.usage.involuntary_switches}};
  out["memory_peak"] = memory_peak(f);
  out["limits"] = as_json(f.limits);
  out["stdout"] = {{"bytes", f.out.bytes}, {"cut", f.out.cut}};
  out["stderr"] = {{"bytes", f.err.bytes}, {"cut", f.err.cut}, {"tail", f.stderr_tail}};
  out["leftovers_killed"] = f.leftovers_killed;
  if (!f.progress.empty()) out["progress"] = json::parse(f.progress);
  out["checkpoint_saved"] = f.saved;
  out["timeline"] = as_json(f.timeline);
  return dump(out);
}

std::string render_good_report(const std::string& progress) {
  return dump({{"cause", to_string(outcome::succeeded)}, {"progress", json::parse(progress)}});
}

std::string render_lost_report(const verdict& end, stop_reason stopped, const std::vector<moment>& timeline) {
  json out = common(end);
  out["stopped"] = to_string(stopped);
  out["timeline"] = as_json(timeline);
  return dump(out);
}

} // namespace fabric::exec
