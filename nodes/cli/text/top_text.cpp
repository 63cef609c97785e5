#include "nodes/cli/text/top_text.hpp"

#include "nodes/cli/text/human.hpp"
#include "nodes/cli/text/printable.hpp"
#include "nodes/cli/text/report_json.hpp"
#include "nodes/cli/text/report_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace fabric::cli {

namespace {

struct running_job {
  job_id job = 0;
  std::uint32_t attempt = 0;
  duration ran{};
  std::string lane, node;
};

/// The longest first.
std::vector<running_job> running(const actors::node_reports& all) {
  std::vector<running_job> jobs;
  for (const auto& n : all.nodes)
    for (const auto& w : n.workers)
      for (const auto& a : w.held) jobs.push_back({a.job, a.attempt, a.ran, w.lane, n.now.node});
  std::ranges::stable_sort(jobs, std::greater{}, &running_job::ran);
  return jobs;
}

std::string running_text(const std::vector<running_job>& jobs, const style& how, std::size_t width, std::size_t rows) {
  if (jobs.empty()) return "nothing runs\n";
  table out({{"RUNNING", true, 0}, {"ATTEMPT", true, 0}, {"FOR", true, 0}, {"LANE", false, 24}, {"NODE", false, 24}});
  for (std::size_t i = 0; i < std::min(rows, jobs.size()); ++i)
    out.add({{std::to_string(jobs[i].job)},
             {std::to_string(jobs[i].attempt)},
             {human_duration(jobs[i].ran)},
             {jobs[i].lane},
             {jobs[i].node}});
  auto text = out.render(how, width);
  if (jobs.size() > rows) text += fmt::format("and {} more\n", human_count(jobs.size() - rows));
  return text;
}

} // namespace

std::string top_text(const overview& now, const style& how, std::size_t width, std::size_t rows) {
  auto text = fmt::format("policy {}\n", printable(now.lanes.policy)) + lane_table(now.lanes).render(how, width);
  text += "\n" + running_text(running(now.nodes), how, width, rows);
  if (!now.actions.empty()) text += "\n";
  for (const auto& e : now.actions) text += event_line(e, how) + "\n";
  return text;
}

nlohmann::json top_json(const overview& now) {
  auto jobs = nlohmann::json::array(), actions = nlohmann::json::array();
  for (const auto& j : running(now.nodes))
    jobs.push_back({{"job", j.job},
                    {"attempt", j.attempt},
                    {"ran_s", std::chrono::duration<double>(j.ran).count()},
                    {"lane", j.lane},
                    {"node", j.node}});
  for (const auto& e : now.actions) actions.push_back(to_json(e));
  auto out = to_json(now.lanes);
  out["running"] = std::move(jobs);
  out["actions"] = std::move(actions);
  return out;
}

} // namespace fabric::cli
