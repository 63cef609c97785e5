#include "nodes/cli/text/job_progress.hpp"

#include "fabric/job/json.hpp"

#include "nodes/cli/text/human.hpp"
#include "nodes/cli/text/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

std::string number(const nlohmann::json& n) {
  return n.is_number_unsigned() ? human_count(n.get<std::uint64_t>()) : fmt::format("{:.6g}", n.get<double>());
}

} // namespace

std::string progress_words(const nlohmann::json& state) {
  std::string out;
  const auto add = [&](const std::string& part) { out += (out.empty() ? "" : ", ") + part; };
  if (!state.is_object()) return out;
  if (const auto at = state.find("percent"); at != state.end() && at->is_number())
    add(fmt::format("{:.4g} %", at->get<double>()));
  if (const auto at = state.find("message"); at != state.end() && at->is_string())
    add(printable(at->get<std::string>()));
  if (const auto at = state.find("counters"); at != state.end() && at->is_object())
    for (const auto& [name, value] : at->items())
      if (value.is_number()) add(printable(name) + " " + number(value));
  return out;
}

std::string progress_text(const seen_progress& seen) {
  return progress_words(embedded(seen.state)) + (seen.age < 1s ? " (now)" : " (" + human_duration(seen.age) + " ago)");
}

nlohmann::json to_json(const seen_progress& seen) {
  auto state = embedded(seen.state);
  if (state.is_object()) state["age_s"] = std::chrono::duration<double>(seen.age).count();
  return state;
}

} // namespace fabric::cli
