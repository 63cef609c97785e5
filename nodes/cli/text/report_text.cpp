#include "nodes/cli/text/report_text.hpp"

#include "fabric/time_text.hpp"

#include "nodes/cli/text/human.hpp"
#include "nodes/cli/text/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace fabric::cli {

namespace {

constexpr std::size_t kind_width = 12;

table_cell count_cell(std::uint64_t n, colour shown_in = colour::none) {
  return {human_count(n), n > 0 ? shown_in : colour::dim};
}

colour event_colour(const std::string& kind) {
  if (kind == "succeeded") return colour::green;
  if (kind == "buried" || kind.ends_with("_crashed")) return colour::red;
  static const std::set<std::string_view> worth_a_look{"demoted", "retried", "lost", "started_over", "cancelled"};
  if (worth_a_look.contains(kind)) return colour::yellow;
  return colour::none;
}

table_cell worker_state(const node::worker_status& w) {
  if (!w.runner_up) return {"no runner", colour::red};
  if (w.memory.low)
    return {fmt::format("memory low: {} available, {} wanted", human_bytes(w.memory.available),
                        human_bytes(w.memory.wanted)),
            colour::red};
  if (w.draining) return {"draining", colour::yellow};
  if (w.leaked > 0) return {fmt::format("{} leaked", w.leaked), colour::red};
  return {"ok", colour::green};
}

std::string waste_line(const char* what, const store::waste_totals::sums& sums) {
  std::vector<std::pair<std::string, duration>> sorted(sums.begin(), sums.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string out;
  for (const auto& [name, sum] : sorted)
    out += fmt::format("{} {} {}", out.empty() ? fmt::format("wasted by {}:", what) : ",", printable(name),
                       human_duration(sum));
  return out.empty() ? out : out + "\n";
}

std::string held_text(const node::worker_status& w) {
  std::string out;
  for (const auto& a : w.held) out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", a.job, human_duration(a.ran));
  return out;
}

table_cell lane_state(const lane::status& now) {
  if (!now.serving) return {"away", colour::red};
  if (now.pause) return {"paused", colour::yellow};
  return {"serving", colour::green};
}

} // namespace

std::string pause_lines(const actors::lane_reports& all) {
  std::string out;
  for (const auto& [now, counts] : all.lanes)
    if (now.pause)
      out += fmt::format("lane {} is paused since {}{}: {}\n", printable(now.name), format_time(now.pause->since),
                         now.pause->until == no_time ? "" : " until " + format_time(now.pause->until),
                         printable(now.pause->reason));
  return out;
}

table lane_table(const actors::lane_reports& all) {
  table out({{"LANE", false, 24},
             {"STATE", false, 0},
             {"BUSY", true, 0},
             {"READY", true, 0},
             {"SCHEDULED", true, 0},
             {"WAITING", true, 0},
             {"OLDEST", true, 0},
             {"SUCCEEDED", true, 0},
             {"BURIED", true, 0},
             {"CANCELLED", true, 0},
             {"DEMOTED", true, 0},
             {"WASTED", true, 0}});
  for (const auto& [now, counts] : all.lanes)
    out.add({{now.name},
             lane_state(now),
             {fmt::format("{}/{}", now.busy, now.slots)},
             count_cell(now.ready),
             count_cell(now.scheduled),
             count_cell(counts.waiting),
             {human_duration(now.oldest_wait)},
             count_cell(counts.succeeded),
             count_cell(counts.buried, colour::red),
             count_cell(counts.cancelled),
             count_cell(counts.demoted_out),
             {human_duration(counts.wasted)}});
  return out;
}

std::string waste_text(const actors::lane_reports& all) {
  return waste_line("class", all.wasted.classes) + waste_line("node", all.wasted.nodes);
}

table node_table(const actors::node_reports& all) {
  table out({{"NODE", false, 24},
             {"SEEN", true, 0},
             {"WORKER", false, 32},
             {"LANE", false, 24},
             {"STATE", false, 0},
             {"BUSY", true, 0},
             {"JOBS", false, 0}});
  for (const auto& n : all.nodes) {
    const auto& now = n.now;
    const auto seen = now.silent < 1s ? std::string("now") : human_duration(now.silent) + " ago";
    if (n.workers.empty() || now.lost) {
      const auto waits = now.held == 0 ? std::string{} : fmt::format("{} held when last seen", now.held);
      out.add({{now.node}, {seen}, {}, {}, {now.lost ? "lost" : "no answer", colour::red}, {}, {waits}});
      continue;
    }
    for (const auto& w : n.workers)
      out.add({{now.node},
               {seen},
               {w.name},
               {w.lane},
               worker_state(w),
               {fmt::format("{}/{}", w.held.size(), w.slots)},
               {held_text(w)}});
  }
  return out;
}

std::string node_notes(const actors::node_reports& all) {
  std::string out;
  for (const auto& n : all.nodes) {
    std::string labels;
    for (const auto& [name, value] : n.labels) labels += fmt::format(" {}={}", printable(name), printable(value));
    if (!labels.empty()) out += fmt::format("{}:{}\n", printable(n.now.node), labels);
    for (const auto& text : n.differences) out += fmt::format("{}: {}\n", printable(n.now.node), printable(text));
  }
  return out;
}

std::string event_line(const store::event& e, const style& how) {
  auto kind = printable(e.kind);
  kind.append(kind.size() < kind_width ? kind_width - kind.size() : 0, ' ');
  auto line = format_time(e.at) + "  " + how.paint(event_colour(e.kind), kind);
  const auto part = [&](const std::string& text) {
    if (!text.empty()) line += "  " + printable(text);
  };
  if (e.job != 0) part(e.attempt == 0 ? fmt::format("job {}", e.job) : fmt::format("job {}.{}", e.job, e.attempt));
  part(e.job_class);
  part(e.lane);
  part(e.node);
  part(e.text);
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

} // namespace fabric::cli
