#include "actors/spool_keeper.hpp"

#include "fabric/exec/spool_survey.hpp"
#include "fabric/job/limits.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

namespace fabric::actors {

namespace {

constexpr duration interval = 60s;
constexpr int share = 20; ///< A walk takes at most one part in so many of the time.

class spool_keeper_shell : public spool_keeper_actor::base {
public:
  spool_keeper_shell(caf::actor_config& cfg, environment_ptr env, std::string spool, config::spool limits,
                     std::shared_ptr<store::job_reader> db)
      : spool_keeper_actor::base(cfg), env_(std::move(env)), spool_(std::move(spool)), limits_(limits),
        db_(std::move(db)), alarm_(this, env_, [this] { look(); }) {
    harden(this);
  }

  const char* name() const override { return "fabric.spool_keeper"; }

  void on_exit() override {
    alarm_.stop();
    runner_ = nullptr;
    db_ = nullptr;
  }

  behavior_type make_behavior() override {
    alarm_.arm(env_->now() + interval);
    return {
        [this](directory_entry& m) {
          if (m.name == "runner") runner_ = caf::actor_cast<runner_actor>(m.actor);
        },
    };
  }

private:
  void look() {
    const auto began = env_->now();
    if (auto found = exec::survey_spool(spool_)) {
      recycle(node::spool_surplus(finished(std::move(found->attempts)), found->totals, limits_, began));
    } else {
      env_->log->warn("spool: {}", render(found.error()));
    }
    const auto took = env_->now() - began;
    alarm_.arm(env_->now() + std::max(interval, took * share));
  }

  /// Leaves out what belongs to jobs that are not final. Where the store cannot say, everything stays.
  std::vector<node::spool_entry> finished(std::vector<node::spool_entry> all) {
    std::set<job_id> live;
    for (std::size_t i = 0; i < all.size(); i += limits::batch_jobs) {
      std::vector<job_id> ids;
      for (std::size_t k = i; k < std::min(all.size(), i + limits::batch_jobs); ++k) ids.push_back(all[k].job);
      const auto rows = db_->find_all(ids);
      if (!rows) return {};
      for (const auto& row : *rows)
        if (!is_final(row.state)) live.insert(row.id);
    }
    std::erase_if(all, [&](const auto& e) { return live.contains(e.job); });
    return all;
  }

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
  std::shared_ptr<store::job_reader> db_;
  alarm_clock<spool_keeper_shell> alarm_;
  runner_actor runner_;
};

} // namespace

spool_keeper_actor spawn_spool_keeper(caf::actor_system& sys, environment_ptr env, std::string spool,
                                      config::spool limits, std::shared_ptr<store::job_reader> db, spawn_as how) {
  return spawn_shell<spool_keeper_shell>(sys, how == spawn_as::detached, std::move(env), std::move(spool), limits,
                                         std::move(db));
}

} // namespace fabric::actors
