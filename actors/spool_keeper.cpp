#include "actors/spool_keeper.hpp"

#include "fabric/exec/spool_survey.hpp"
#include "fabric/job/limits.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/overview.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <set>

namespace fabric::actors {

namespace {

constexpr duration interval = 60s;
constexpr int share = 20; ///< A walk takes at most one part in so many of the time.

class spool_keeper_shell : public spool_keeper_actor::base {
public:
  spool_keeper_shell(caf::actor_config& cfg, environment_ptr env, std::string spool, config::spool limits)
      : spool_keeper_actor::base(cfg), env_(std::move(env)), spool_(std::move(spool)), limits_(limits),
        alarm_(this, env_, [this] { look(); }) {
    harden(this);
  }

  const char* name() const override { return "fabric.spool_keeper"; }

  void on_exit() override {
    alarm_.stop();
    runner_ = nullptr;
    reader_ = nullptr;
  }

  behavior_type make_behavior() override {
    alarm_.arm(env_->now() + interval);
    return {
        [this](directory_entry& m) {
          if (m.name == "runner") runner_ = caf::actor_cast<runner_actor>(m.actor);
          if (m.name == "store_reader") reader_ = caf::actor_cast<store_reader_actor>(m.actor);
        },
    };
  }

private:
  /// One walk through the spool, and what the store says of the jobs it found.
  struct survey {
    time_point began{};
    duration took{};
    node::spool_totals totals;
    std::vector<node::spool_entry> attempts;
    std::vector<job_id> ids; ///< Not asked about yet.
    std::set<job_id> live;
  };

  void look() {
    auto walk = std::make_shared<survey>();
    walk->began = env_->now();
    auto found = exec::survey_spool(spool_);
    walk->took = env_->now() - walk->began;
    if (!found) {
      env_->log->warn("spool: {}", render(found.error()));
      return rest(*walk);
    }
    walk->totals = found->totals;
    walk->attempts = std::move(found->attempts);
    std::set<job_id> ids;
    for (const auto& e : walk->attempts) ids.insert(e.job);
    walk->ids.assign(ids.begin(), ids.end());
    ask_store(walk);
  }

  /// What belongs to jobs that are not final stays. Where the store cannot say, everything does.
  void ask_store(const std::shared_ptr<survey>& walk) {
    if (walk->ids.empty()) return finish(*walk);
    const auto count = std::min(walk->ids.size(), limits::batch_jobs);
    get_jobs question{{walk->ids.end() - static_cast<std::ptrdiff_t>(count), walk->ids.end()}};
    walk->ids.resize(walk->ids.size() - count);
    ask(this, reader_, answer_limit, std::move(question))
        .then(
            [this, walk](job_page& page) {
              if (page.failure) return rest(*walk);
              for (const auto& row : page.jobs)
                if (!is_final(row.state)) walk->live.insert(row.id);
              ask_store(walk);
            },
            [this, walk](caf::error&) { rest(*walk); });
  }

  void finish(survey& walk) {
    std::erase_if(walk.attempts, [&](const auto& e) { return walk.live.contains(e.job); });
    recycle(node::spool_surplus(walk.attempts, walk.totals, limits_, walk.began));
    rest(walk);
  }

  void rest(const survey& walk) { alarm_.arm(env_->now() + std::max(interval, walk.took * share)); }

  void recycle(const std::vector<node::spool_entry>& surplus) {
    if (surplus.empty()) return;
    env_->log->info("spool: {} attempts are recycled", surplus.size());
    pruned_jobs m;
    for (const auto& e : surplus) m.attempts.emplace_back(e.job, e.attempt);
    tell(this, runner_, std::move(m));
  }

  environment_ptr env_;
  std::string spool_;
  config::spool limits_;
  alarm_clock<spool_keeper_shell> alarm_;
  runner_actor runner_;
  store_reader_actor reader_; ///< On a node that joined: the scheduler's.
};

} // namespace

spool_keeper_actor spawn_spool_keeper(caf::actor_system& sys, environment_ptr env, std::string spool,
                                      config::spool limits, spawn_as how) {
  return spawn_shell<spool_keeper_shell>(sys, how == spawn_as::detached, std::move(env), std::move(spool), limits);
}

} // namespace fabric::actors
