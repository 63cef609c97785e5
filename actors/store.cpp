#include "actors/store.hpp"

#include "fabric/job/limits.hpp"
#include "fabric/mutation.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <utility>

namespace fabric::actors {

namespace {

constexpr int exit_io_error = 70;

/// A fabric without operations has old jobs and events too. Busy ones forget them with every commit.
constexpr duration upkeep_every = std::chrono::minutes{1};
constexpr duration lock_retry = std::chrono::milliseconds{200}; ///< After the store's own wait for the lock.
/// While there is more than one budget's worth: a 40th of the store's time beside operations, a third without.
constexpr duration upkeep_beside = std::chrono::milliseconds{200};
constexpr duration upkeep_alone = std::chrono::milliseconds{10};

class store_shell : public store_actor::base {
public:
  store_shell(caf::actor_config& cfg, environment_ptr env, std::shared_ptr<store::job_store> db)
      : store_actor::base(cfg), env_(std::move(env)), db_(std::move(db)) {
    harden(this);
  }

  const char* name() const override { return "fabric.store"; }

  void on_exit() override {
    upkeep_alarm_.stop();
    lock_alarm_.stop();
    events_ = nullptr;
    runner_ = nullptr;
    registrar_ = nullptr;
    scheduler_ = nullptr;
    senders_.clear();
    lane_owners_.clear();
    db_.reset(); // Closes it: handles that others still hold keep this object alive, but not the store.
  }

  behavior_type make_behavior() override {
    upkeep_alarm_.arm(env_->now() + upkeep_every);
    return {
        [this](store_operations& m) { take(m); },
        [this](flush_commit) { flush(); },
        [this](load_lane_page& m) { load(m); },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  struct pending {
    store_client_actor from;
    std::uint64_t ticket;
    bool is_last = false; ///< Of its message.
  };
  using outbox = std::map<caf::actor_addr, std::pair<store_client_actor, store_commit>>;

  void take(store_operations& m) {
    for (auto& ask : m.asks) {
      if (const auto* opening = std::get_if<store::open_lane>(&ask.op)) lane_owners_[opening->lane] = m.from;
      senders_.push_back({m.from, ask.ticket});
      operations_.push_back(std::move(ask.op));
    }
    if (!m.asks.empty()) senders_.back().is_last = true;
    while (operations_.size() >= limits::commit_ops && !locked_) commit();
    ask_flush();
  }

  /// How many operations the next transaction has. What came in one message is not torn apart if it fits into one: a
  /// full disk is to refuse all jobs of a client's request, or none.
  std::size_t next_batch() const {
    const auto most = std::min(operations_.size(), limits::commit_ops);
    for (auto count = most; count > 0; --count)
      if (senders_[count - 1].is_last) return count;
    return most;
  }

  void ask_flush() {
    if (operations_.empty() || flush_sent_ || locked_) return;
    flush_sent_ = true;
    tell(this, store_actor{this}, flush_commit{});
  }

  void flush() {
    flush_sent_ = false;
    if (!locked_) commit();
  }

  void commit() {
    if (operations_.empty() && !mutation("ack-before-commit")) return;
    if (!operations_.empty() && mutation("ack-before-commit")) run_delayed(200ms, [this] { commit(); });
    const auto count = next_batch();
    auto batch = db_->apply(std::span(operations_).first(count), env_->now());
    if (!batch && batch.error().code == errc::unavailable) return wait_for_lock(batch.error());
    if (!batch && batch.error().code == errc::disk_full) {
      refuse(count, batch.error());
    } else if (!batch) {
      // What is on disk decides at the next start; an answer now could be a lie.
      env_->fail(exit_io_error, "the store failed: " + render(batch.error()));
    } else {
      publish(*batch);
      if (batch->more_upkeep) upkeep_alarm_.arm(env_->now() + upkeep_beside);
    }
    used_ = true;
    const auto answered = static_cast<std::ptrdiff_t>(count);
    operations_.erase(operations_.begin(), operations_.begin() + answered);
    senders_.erase(senders_.begin(), senders_.begin() + answered);
    ask_flush();
  }

  /// Somebody else writes into the file, such as an operator: the operations wait, in their order, and so does
  /// everybody who asked.
  void wait_for_lock(const error& why) {
    env_->log->warn("store: {}; {} operations wait", render(why), operations_.size());
    locked_ = true;
    lock_alarm_.arm(env_->now() + lock_retry);
  }

  void try_again() {
    locked_ = false;
    commit();
  }

  /// Forgets, shrinks the file, rests: what does not ride on commits.
  void keep_up() {
    auto batch = db_->apply({}, env_->now());
    if (batch) {
      publish(*batch);
    } else if (batch.error().code != errc::disk_full && batch.error().code != errc::unavailable) {
      return env_->fail(exit_io_error, "the store failed: " + render(batch.error()));
    }
    const auto pause = std::exchange(used_, false) ? upkeep_beside : upkeep_alone;
    upkeep_alarm_.arm(env_->now() + (batch && batch->more_upkeep ? pause : upkeep_every));
  }

  void refuse(std::size_t count, const error& why) {
    store::batch_result refused;
    for (std::size_t i = 0; i < count; ++i) refused.answers.emplace_back().failure = why;
    publish(refused);
  }

  void publish(store::batch_result& batch) {
    outbox mail;
    for (std::size_t i = 0; i < batch.answers.size(); ++i)
      addressed(mail, senders_[i].from).answers.push_back({senders_[i].ticket, std::move(batch.answers[i])});
    for (auto& change : batch.changes)
      if (const auto owner = lane_owners_.find(change.lane); owner != lane_owners_.end())
        addressed(mail, owner->second).changes.push_back(std::move(change));
    const auto live = db_->live_jobs();
    if (scheduler_ && told_live_ != live) addressed(mail, scheduler_); // Jobs end without it.
    told_live_ = live;
    // Before the lanes hear of it: what they start from now on is not to find what was thrown away.
    if (!batch.pruned.empty() || !batch.old_attempts.empty() || !batch.resets.empty())
      tell_spools({std::move(batch.pruned), std::move(batch.old_attempts), std::move(batch.resets)});
    for (auto& [addr, item] : mail) {
      item.second.live_jobs = live;
      tell(this, item.first, std::move(item.second));
    }
    if (!batch.events.empty()) tell(this, events_, committed_events{std::move(batch.events)});
  }

  /// Nobody knows here on which nodes these jobs have run.
  void tell_spools(pruned_jobs what) {
    tell(this, registrar_, what);
    tell(this, runner_, std::move(what));
  }

  static store_commit& addressed(outbox& mail, const store_client_actor& to) {
    return mail.try_emplace(to.address(), to, store_commit{}).first->second.second;
  }

  void load(const load_lane_page& m) {
    auto rows = db_->load_lane(m.lane, m.after, m.limit);
    if (!rows && rows.error().code == errc::unavailable) return; // The lane asks again.
    if (!rows) return env_->fail(exit_io_error, "the store failed: " + render(rows.error()));
    tell(this, m.from, lane_loaded{std::move(*rows), m.after});
  }

  void meet(const directory_entry& m) {
    if (m.name == "events") events_ = caf::actor_cast<events_actor>(m.actor);
    if (m.name == "scheduler") {
      scheduler_ = caf::actor_cast<store_client_actor>(m.actor);
      told_live_.reset();
    }
    if (m.name == "runner") runner_ = caf::actor_cast<runner_actor>(m.actor);
    if (m.name == "registrar") registrar_ = caf::actor_cast<registrar_actor>(m.actor);
    if (m.name == "runner" || (m.name.starts_with("node/") && m.actor)) repeat_resets();
  }

  /// The link before this one may not have come to it. Nothing that is leased from now on starts before it has.
  void repeat_resets() {
    auto found = db_->unsettled_resets();
    if (!found && found.error().code == errc::unavailable) return env_->log->warn("store: {}", render(found.error()));
    if (!found) return env_->fail(exit_io_error, "the store failed: " + render(found.error()));
    if (!found->empty()) tell_spools({{}, {}, std::move(*found)});
  }

  environment_ptr env_;
  std::shared_ptr<store::job_store> db_;
  events_actor events_;
  runner_actor runner_;
  registrar_actor registrar_;
  store_client_actor scheduler_;
  std::optional<std::uint64_t> told_live_; ///< What the scheduler knows of the live jobs.
  std::vector<store::operation> operations_;
  std::vector<pending> senders_; ///< Same length and order as operations_.
  bool flush_sent_ = false;
  bool locked_ = false; ///< The last attempt to commit found the store locked; lock_alarm_ makes the next.
  alarm_clock<store_shell> lock_alarm_{this, env_, [this] { try_again(); }};
  bool used_ = false; ///< There were operations since the last upkeep.
  alarm_clock<store_shell> upkeep_alarm_{this, env_, [this] { keep_up(); }};
  std::map<std::string, store_client_actor> lane_owners_; ///< Who gets which lane's feed: who opened it last.
};

} // namespace

store_actor spawn_store(caf::actor_system& sys, environment_ptr env, std::shared_ptr<store::job_store> db,
                        spawn_as how) {
  return spawn_shell<store_shell>(sys, how == spawn_as::detached, std::move(env), std::move(db));
}

} // namespace fabric::actors
