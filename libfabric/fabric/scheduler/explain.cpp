#include "fabric/scheduler/explain.hpp"

#include "fabric/config/classes.hpp"
#include "fabric/duration_text.hpp"
#include "fabric/job/states.hpp"
#include "fabric/time_text.hpp"

#include <algorithm>
#include <string_view>

namespace fabric::scheduler {

namespace {

std::string number(std::uint64_t n) { return std::to_string(n); }

std::string count(std::uint64_t n, std::string_view what) {
  return number(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

std::string rough(duration d) {
  const auto step = d < 10s ? duration{1ms} : duration{1s};
  return format_duration(d / step * step);
}

class explaining {
public:
  explaining(const explain_facts& facts, const config::root& all, time_point now)
      : facts_(facts), row_(facts.row), all_(all), now_(now) {}

  std::vector<reason> all() && {
    if (is_final(row_.state))
      ended();
    else if (row_.state == job_state::running)
      runs();
    else
      waits();
    return std::move(found_);
  }

private:
  void add(const char* what, std::string text) { found_.push_back({what, std::move(text)}); }

  void ended() {
    auto text =
        "it " + std::string(row_.state == job_state::succeeded ? "" : "is ") + std::string(to_string(row_.state));
    if (!row_.reason.empty()) text += ": " + row_.reason;
    add(to_string(row_.state).data(), std::move(text));
    if (row_.state == job_state::buried) add("can_be_kicked", "`fabric kick` puts it back with all its attempts");
  }

  void runs() {
    const auto* const a = facts_.attempts.empty() ? nullptr : &facts_.attempts.back();
    auto text = "attempt " + number(row_.attempt) + " runs on node " + row_.node + " in lane " + row_.lane;
    if (a != nullptr) text += ", leased " + rough(now_ - a->leased_at) + " ago for " + rough(row_.lease) + " at a time";
    add("running", std::move(text));
    if (row_.cancel_requested) add("asked_to_stop", "it was asked to stop: " + row_.reason);
    const auto held = held_attempt_of(row_.fence);
    if (held && budget()) {
      const auto left = *budget() - held->ran;
      add("budget", left > duration{0} ? rough(left) + " of the lane's budget of " + rough(*budget()) + " are left"
                                       : "the lane's budget of " + rough(*budget()) + " is over");
    }
    if (!held)
      add("not_held", "no worker of the lane says that it holds the attempt: its process may have ended, or its "
                      "node is away until the lease is over");
  }

  void waits() {
    if (row_.state == job_state::waiting) behind_others();
    in_principle();
    if (row_.state == job_state::scheduled) return not_due();
    if (row_.state == job_state::ready) in_line();
  }

  void behind_others() {
    auto text = "it waits for earlier jobs of key " + row_.ordering_key;
    if (const auto& line = facts_.line)
      text += ": job " + number(line->first) + " is the first of them and " +
              std::string(to_string(line->first_state)) + ", " + count(line->ahead, "job") +
              (line->ahead == 1 ? " is" : " are") + " before it";
    add("waits_for_key", std::move(text));
  }

  /// What time alone does not change.
  void in_principle() {
    const auto* const c = config::find_class(all_, row_.job_class);
    if (c == nullptr && row_.job_class != config::ad_hoc_class)
      add("unknown_class", "class " + row_.job_class + " is not configured");
    if (c != nullptr && !c->enabled) add("class_disabled", "class " + row_.job_class + " is switched off");
    if (!facts_.lane) return add("lane_away", "lane " + row_.lane + " does not answer: it is restarting");
    if (!facts_.lane->serving) add("lane_loading", "lane " + row_.lane + " is still reading its jobs");
    if (const auto& p = facts_.lane->pause)
      add("lane_paused", "lane " + row_.lane + " is paused since " + format_time(p->since) +
                             (p->until == no_time ? "" : " until " + format_time(p->until)) + ": " + p->reason);
    const bool enabled = c == nullptr || c->enabled;
    if (enabled && !std::ranges::binary_search(facts_.lane->classes, row_.job_class))
      add("class_unavailable", "no worker of lane " + row_.lane + " can run class " + row_.job_class +
                                   ": its executable or its user is missing there, or no worker is there");
    for (const auto& w : facts_.workers) {
      if (w.draining) add("draining", "worker " + w.name + " drains and takes no work");
      if (!w.runner_up) add("runner_away", "worker " + w.name + " has lost its runner");
      if (w.leaked > 0)
        add("leaked",
            count(w.leaked, "slot") + " of worker " + w.name + " cannot be used: a process there outlives SIGKILL");
    }
  }

  void not_due() {
    auto text = "it is due at " + format_time(row_.run_at) + ", in " + rough(std::max(row_.run_at - now_, duration{0}));
    if (row_.attempt > 0)
      add("backoff",
          text + ", after attempt " + number(row_.attempt) + " of " + number(row_.max_attempts) + ": " + row_.reason);
    else
      add("delayed", std::move(text) + ", as its submitter wished");
  }

  void in_line() {
    if (facts_.place && facts_.place->refused_work)
      add("no_space", "the store takes no leases now: free disk space is below store.disk_low");
    if (facts_.lane && facts_.lane->slots == 0)
      add("no_slots", "lane " + row_.lane + " has no slots");
    else if (facts_.lane && facts_.lane->busy >= facts_.lane->slots)
      add("no_free_slot", "all " + count(facts_.lane->slots, "slot") + " of lane " + row_.lane + " are busy");
    if (facts_.place && facts_.place->ahead > 0)
      add("in_line", count(facts_.place->ahead, "ready job") + " come first, " + number(facts_.place->more_urgent) +
                         " of them more urgent than priority " + number(row_.priority) + ", " +
                         number(facts_.place->of_its_class) + " of the same class");
    if (!found_.empty()) return;
    if (facts_.place && facts_.place->asked) return add("being_leased", "it is being leased right now");
    add("next", "nothing blocks it: it is next");
  }

  std::optional<held_attempt> held_attempt_of(fence_t fence) const {
    for (const auto& w : facts_.workers)
      for (const auto& h : w.held)
        if (h.fence == fence) return h;
    return std::nullopt;
  }

  std::optional<duration> budget() const {
    const auto l = std::ranges::find(all_.lanes, row_.lane, &config::lane::name);
    return l == all_.lanes.end() ? std::nullopt : l->budget;
  }

  const explain_facts& facts_;
  const job& row_;
  const config::root& all_;
  time_point now_;
  std::vector<reason> found_;
};

} // namespace

std::vector<reason> explain(const explain_facts& facts, const config::root& all, time_point now) {
  return explaining(facts, all, now).all();
}

} // namespace fabric::scheduler
