#include "nodes/cli/text/explain_text.hpp"

#include "nodes/cli/text/human.hpp"
#include "nodes/cli/text/printable.hpp"
#include "nodes/cli/text/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

using nlohmann::json;

json seconds(duration d) { return std::chrono::duration<double>(d).count(); }

std::string attempt_text(std::uint32_t attempt) { return attempt == 0 ? "" : fmt::format("attempt {}", attempt); }

} // namespace

std::string explain_text(const actors::job_explanation& all, const style& how) {
  const auto& j = all.row;
  auto out = fmt::format("job {} is {} in lane {}, class {}\n", j.id, to_string(j.state), printable(j.lane),
                         printable(j.job_class));
  for (const auto& r : all.reasons) out += "  - " + printable(r.text) + "\n";
  if (all.parts.empty()) return out;
  out += "where its time went:\n";
  table parts({{"  PART", false, 0}, {"OF", false, 0}, {"TIME", true, 0}});
  for (const auto& p : all.parts)
    parts.add(
        {{"  " + std::string(scheduler::to_string(p.what))}, {attempt_text(p.attempt)}, {human_duration(p.length)}});
  parts.add({{"  in all"}, {}, {human_duration(all.total)}});
  return out + parts.render(how);
}

json to_json(const actors::job_explanation& all) {
  json reasons = json::array(), parts = json::array();
  for (const auto& r : all.reasons) reasons.push_back({{"what", r.what}, {"text", r.text}});
  for (const auto& p : all.parts)
    parts.push_back({{"what", scheduler::to_string(p.what)},
                     {"attempt", p.attempt == 0 ? json(nullptr) : json(p.attempt)},
                     {"s", seconds(p.length)}});
  return {{"id", all.row.id},
          {"state", to_string(all.row.state)},
          {"lane", all.row.lane},
          {"class", all.row.job_class},
          {"reasons", std::move(reasons)},
          {"parts", std::move(parts)},
          {"total_s", seconds(all.total)}};
}

} // namespace fabric::cli
