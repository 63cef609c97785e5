#include "nodes/cli/text/report_json.hpp"

#include "fabric/time_text.hpp"

#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

using nlohmann::json;

json seconds(duration d) { return std::chrono::duration<double>(d).count(); }

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json number_or_null(std::uint64_t n) { return n == 0 ? json(nullptr) : json(n); }

json seconds_by_name(const store::waste_totals::sums& sums) {
  json out = json::object();
  for (const auto& [name, sum] : sums) out[name] = seconds(sum);
  return out;
}

json counts_json(const store::lane_counts& c) {
  return {{"waiting", c.waiting},     {"scheduled", c.scheduled},     {"ready", c.ready},
          {"running", c.running},     {"succeeded", c.succeeded},     {"buried", c.buried},
          {"cancelled", c.cancelled}, {"demoted_out", c.demoted_out}, {"wasted_s", seconds(c.wasted)}};
}

json pause_json(const std::optional<lane_pause>& p) {
  if (!p) return nullptr;
  return {{"since", format_time(p->since)},
          {"until", p->until == no_time ? json(nullptr) : json(format_time(p->until))},
          {"reason", p->reason}};
}

json worker_json(const node::worker_status& w) {
  json held = json::array();
  for (const auto& a : w.held)
    held.push_back({{"job", a.job}, {"attempt", a.attempt}, {"fence", a.fence}, {"ran_s", seconds(a.ran)}});
  const auto memory =
      w.memory.low ? json{{"available", w.memory.available}, {"wanted", w.memory.wanted}} : json(nullptr);
  return {{"worker", w.name},       {"lane", w.lane},           {"slots", w.slots},        {"leaked", w.leaked},
          {"draining", w.draining}, {"runner_up", w.runner_up}, {"held", std::move(held)}, {"memory_low", memory}};
}

} // namespace

json to_json(const store::event& e) {
  return {{"id", e.id},
          {"at", e.at == no_time ? json(nullptr) : json(format_time(e.at))},
          {"kind", e.kind},
          {"job", number_or_null(e.job)},
          {"class", text_or_null(e.job_class)},
          {"lane", text_or_null(e.lane)},
          {"node", text_or_null(e.node)},
          {"attempt", number_or_null(e.attempt)},
          {"text", e.text}};
}

json to_json(const actors::lane_reports& all) {
  json lanes = json::array();
  for (const auto& [now, counts] : all.lanes)
    lanes.push_back({{"lane", now.name},
                     {"serving", now.serving},
                     {"ready", now.ready},
                     {"scheduled", now.scheduled},
                     {"running", now.running},
                     {"slots", now.slots},
                     {"busy", now.busy},
                     {"offered", now.offered},
                     {"oldest_wait_s", seconds(now.oldest_wait)},
                     {"epoch", now.epoch},
                     {"pause", pause_json(now.pause)},
                     {"counts", counts_json(counts)}});
  return {
      {"policy", all.policy},
      {"lanes", std::move(lanes)},
      {"wasted_s", {{"classes", seconds_by_name(all.wasted.classes)}, {"nodes", seconds_by_name(all.wasted.nodes)}}}};
}

json to_json(const actors::node_reports& all) {
  json nodes = json::array();
  for (const auto& n : all.nodes) {
    const auto& now = n.now;
    json list = json::array();
    for (const auto& w : n.workers) list.push_back(worker_json(w));
    nodes.push_back({{"node", now.node},
                     {"boot", now.boot},
                     {"silent_s", seconds(now.silent)},
                     {"held", now.held},
                     {"lost", now.lost},
                     {"labels", n.labels},
                     {"differences", n.differences},
                     {"workers", std::move(list)}});
  }
  return {{"nodes", std::move(nodes)}};
}

json to_json(const error& e) {
  return {{"code", to_string(e.code)}, {"message", e.message}, {"where", text_or_null(e.where)}};
}

} // namespace fabric::cli
