#include "nodes/cli/text/job_text.hpp"

#include "fabric/job/json.hpp"
#include "fabric/job/strict_json.hpp"
#include "fabric/time_text.hpp"

#include "nodes/cli/text/human.hpp"
#include "nodes/cli/text/job_progress.hpp"
#include "nodes/cli/text/limit_text.hpp"
#include "nodes/cli/text/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace fabric::cli {

namespace {

constexpr std::size_t shown_json = 400; ///< Columns of an input or a result; `result` prints all of it.

using fields = std::vector<std::pair<std::string, std::string>>;

std::string when(time_point t, time_point now) {
  return t == no_time ? "-" : format_time(t) + " (" + human_age(t, now) + ")";
}

void add(fields& to, const char* name, std::string value) {
  if (!value.empty()) to.emplace_back(name, std::move(value));
}

std::string labels_text(const job& j) {
  std::string out;
  for (const auto& [key, value] : j.labels) out += (out.empty() ? "" : ", ") + key + "=" + value;
  return out;
}

std::string counts_text(const attempt_counts& c) {
  std::string out;
  const auto count = [&](std::uint32_t n, const char* what) {
    if (n > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", n, what);
  };
  count(c.failures, "failed");
  count(c.memory, "over memory");
  count(c.lost, "lost");
  count(c.demoted, "demoted");
  count(c.checkpointed, "checkpointed");
  return out;
}

std::string line_text(const key_line& line) {
  return fmt::format(": {} before it, first job {} ({})", human_count(line.ahead), line.first,
                     to_string(line.first_state));
}

fields job_fields(const actors::job_details& all, const actors::lane_reports* lanes, time_point now,
                  const std::string& progress) {
  const job& j = all.row;
  fields out;
  add(out, "class", j.job_class);
  add(out, "lane",
      j.lane + (j.overflow_from.empty() ? "" : " (in a slot lent to " + j.overflow_from + ")") +
          (j.ran_before > duration{0} ? " (carried here after " + human_duration(j.ran_before) + ")" : ""));
  add(out, "why", why(j, lanes, now) + (all.line ? line_text(*all.line) : ""));
  add(out, "progress", progress);
  add(out, "reason", j.reason);
  add(out, "priority", std::to_string(j.priority));
  add(out, "attempts",
      fmt::format("{}, given up after {} failure{}", j.attempt, j.max_attempts, j.max_attempts == 1 ? "" : "s"));
  add(out, "so far", counts_text(j.counts));
  add(out, "submitted", when(j.submitted_at, now));
  if (is_final(j.state)) {
    add(out, "finished", when(j.finished_at, now));
    add(out, "took", human_duration(j.finished_at - j.submitted_at));
  }
  if (j.wasted > duration::zero()) add(out, "thrown away", human_duration(j.wasted) + " of work");
  add(out, "node", j.state == job_state::running ? j.node : "");
  add(out, "owner", j.owner);
  add(out, "ordering key", j.ordering_key);
  add(out, "idempotency", j.idempotency_key);
  add(out, "labels", labels_text(j));
  add(out, "input", cut(printable(all.input), shown_json));
  if (all.result) add(out, "result", cut(printable(*all.result), shown_json));
  return out;
}

/// A running attempt's process start is not stored before its end: until then the time since its lease is shown.
table attempt_table(std::span<const attempt> attempts, time_point now) {
  table out({{"ATTEMPT", true, 0},
             {"OUTCOME", false, 0},
             {"LANE", false, 24},
             {"NODE", false, 24},
             {"LEASED", false, 0},
             {"RAN", true, 0}});
  for (const auto& a : attempts) {
    const bool ended = a.ended_at != no_time;
    const auto shown = a.ended_as == outcome::succeeded ? colour::green : ended ? colour::yellow : colour::blue;
    out.add({{std::to_string(a.number)},
             {ended ? std::string(to_string(a.ended_as)) + (a.saved ? ", saved" : "") : "running", shown},
             {a.lane},
             {a.node},
             {format_time(a.leased_at)},
             {human_duration(ended ? a.run_time : std::max(now - a.leased_at, duration::zero()))}});
  }
  return out;
}

/// The keeper's report on the last attempt that did not succeed, a line per entry.
std::string report_text(std::span<const attempt> attempts) {
  if (attempts.empty() || attempts.back().report.empty()) return {};
  const auto report = embedded(attempts.back().report);
  std::string out = fmt::format("\nreport on attempt {}\n", attempts.back().number);
  if (!report.is_object()) return out + "  " + printable(attempts.back().report) + "\n";
  for (const auto& [key, value] : report.items()) {
    if (const auto limits = key == "limits" ? limits_text(value) : std::string(); !limits.empty()) {
      out += "  limits:\n" + limits;
      continue;
    }
    if (const auto words = key == "progress" ? progress_words(value) : std::string(); !words.empty()) {
      out += "  progress: " + cut(words, shown_json) + "\n";
      continue;
    }
    const auto text = value.is_string() ? value.get<std::string>() : json_text(value);
    out += "  " + printable(key) + ": " + cut(printable(text), shown_json) + "\n";
  }
  return out;
}

const actors::lane_report* find_lane(const actors::lane_reports* lanes, const std::string& name) {
  if (lanes == nullptr) return nullptr;
  for (const auto& l : lanes->lanes)
    if (l.now.name == name) return &l;
  return nullptr;
}

std::string why_ready(const job& j, const actors::lane_reports* lanes) {
  const auto* lane = find_lane(lanes, j.lane);
  if (lane == nullptr) return "waits for a slot of lane " + j.lane;
  const auto& now = lane->now;
  if (!now.serving) return "lane " + j.lane + " is not served at this moment";
  if (now.slots == 0) return "no worker offers a slot of lane " + j.lane;
  return fmt::format("waits for a slot of lane {}: {} of {} busy, {} ready, the oldest for {}", j.lane, now.busy,
                     now.slots, human_count(now.ready), human_duration(now.oldest_wait));
}

} // namespace

std::string why(const job& j, const actors::lane_reports* lanes, time_point now) {
  switch (j.state) {
  case job_state::waiting: return "waits for earlier jobs of key " + j.ordering_key;
  case job_state::scheduled:
    return "due " + human_until(j.run_at, now) + (j.attempt > 0 ? ", after a failure" : ", as submitted");
  case job_state::ready: return why_ready(j, lanes);
  case job_state::running:
    return "attempt " + std::to_string(j.attempt) + " runs" + (j.cancel_requested ? " and was asked to stop" : "");
  default: return {};
  }
}

table job_table(std::span<const job> jobs, time_point now) {
  table out({{"ID", true, 0},
             {"STATE", false, 0},
             {"CLASS", false, 24},
             {"LANE", false, 16},
             {"TRIES", true, 0},
             {"PRIO", true, 0},
             {"SUBMITTED", true, 0},
             {"OWNER", false, 16},
             {"REASON", false, 0}});
  for (const auto& j : jobs)
    out.add({{std::to_string(j.id)},
             {std::string(to_string(j.state)), colour_of(j.state)},
             {j.job_class},
             {j.lane},
             {std::to_string(j.attempt)},
             {std::to_string(j.priority)},
             {human_age(j.submitted_at, now)},
             {j.owner},
             {j.state == job_state::scheduled || j.state == job_state::waiting ? why(j, nullptr, now) : j.reason}});
  return out;
}

std::string ended_line(const job& j, const style& how) {
  auto line = fmt::format("{}  {}  {}  {}  {} {}, {}", j.id, how.paint(colour_of(j.state), to_string(j.state)),
                          printable(j.job_class), printable(j.lane), j.attempt, j.attempt == 1 ? "attempt" : "attempts",
                          human_duration(j.finished_at - j.submitted_at));
  if (!j.reason.empty() && j.state != job_state::succeeded) line += "  " + printable(j.reason);
  return line;
}

std::string job_page_text(const actors::job_details& all, const actors::lane_reports* lanes, const style& how,
                          time_point now, const std::string& progress) {
  const job& j = all.row;
  auto out = fmt::format("job {}  {}\n", j.id, how.paint(colour_of(j.state), to_string(j.state)));
  for (const auto& [name, value] : job_fields(all, lanes, now, progress))
    out += fmt::format("  {:<12}  {}\n", name, printable(value));
  if (!all.attempts.empty()) out += "\n" + attempt_table(all.attempts, now).render(how);
  return out + report_text(all.attempts);
}

} // namespace fabric::cli
