#include "actors/configurator.hpp"

#include "fabric/config/change.hpp"
#include "fabric/config/show.hpp"
#include "fabric/policy/registry.hpp"
#include "fabric/scheduler/lane_setup.hpp"

#include "actors/compat.hpp"
#include "actors/gather.hpp"
#include "actors/messages.hpp"

#include <spdlog/spdlog.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

namespace fabric::actors {

namespace {

constexpr duration news_limit = 5s;       ///< For those who are told.
constexpr std::size_t summary_max = 1000; ///< Characters.

/// For the log of automatic actions.
std::string summary(const std::vector<std::string>& changes) {
  std::string text;
  for (const auto& line : changes) text += (text.empty() ? "" : "; ") + line;
  if (text.size() > summary_max) text = std::to_string(changes.size()) + " values were changed";
  return text;
}

class configurator_shell : public configurator_actor::base {
public:
  configurator_shell(caf::actor_config& cfg, environment_ptr env, configurator_settings how)
      : configurator_actor::base(cfg), env_(std::move(env)), how_(std::move(how)), now_(*how_.live->whole()) {
    harden(this);
  }

  const char* name() const override { return "fabric.configurator"; }

  void on_exit() override {
    store_ = nullptr;
    told_.clear();
    change_.reset();
  }

  behavior_type make_behavior() override {
    return {
        [this](reload_config m) { return reload(m.dry_run); },
        [this](set_policy& m) { return set(m); },
        [this](get_config) {
          return config_text{
              {}, how_.file, config::show(now_.all, now_.from), now_.all.routing.policy, policy::policy_names()};
        },
        [this](store_commit& m) { on_commit(m); },
        [](lane_loaded&) {},
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  enum class stage : std::uint8_t { checking, telling, settling };

  /// The one that is under way.
  struct pending_change {
    caf::typed_response_promise<change_receipt> promise;
    change_receipt reply;
    config::loaded next;
    stage at = stage::checking;
  };

  static change_receipt refused(error why) { return {std::move(why), {}, {}}; }

  caf::result<change_receipt> reload(bool dry_run) {
    change_receipt reply;
    auto next = read_again(how_.read, how_.file, *env_->log, reply);
    if (!next) return reply;
    return change(std::move(*next), dry_run);
  }

  caf::result<change_receipt> set(set_policy& m) {
    auto next = config::with_policy(now_, std::move(m.name), std::move(m.params));
    if (!next) return refused(next.error());
    return change(std::move(*next), false);
  }

  caf::result<change_receipt> change(config::loaded next, bool dry_run) {
    change_receipt reply{config::needs_restart(now_.all, next.all), {}, config::differences(now_.all, next.all)};
    if (change_) reply.failure = error{errc::wrong_state, "another change is under way", {}};
    if (reply.failure) env_->log->error("config: {}", render(*reply.failure));
    if (reply.failure || (dry_run && config::lanes_removed(now_.all, next.all).empty())) return reply;
    if (reply.changes.empty()) return now_ = std::move(next), reply; // Perhaps on other lines.
    auto promise = make_response_promise<change_receipt>();
    change_ = pending_change{promise, std::move(reply), std::move(next), stage::checking};
    is_dry_ = dry_run;
    know_lanes(change_->next.all, true, {});
    return promise;
  }

  /// @param note for the log of automatic actions; empty: none.
  void know_lanes(const config::root& all, bool only_check, std::string note) {
    store::know_lanes op{{}, only_check};
    for (const auto& l : all.lanes) op.lanes.insert(l.name);
    store_operations m{store_client_actor{this}, {}};
    m.asks.push_back({++ticket_, std::move(op)});
    if (!note.empty())
      m.asks.push_back(
          {0, store::note{.kind = "reconfigured", .lane = {}, .node = {}, .id = 0, .text = std::move(note)}});
    tell(this, store_, std::move(m));
  }

  void on_commit(store_commit& m) {
    for (auto& a : m.answers) {
      if (a.ticket != ticket_) continue;
      if (change_) return on_answer(a.reply.failure);
      if (!a.reply.failure) how_.revise(); // An incarnation before this one may not have come to it.
    }
  }

  void on_answer(std::optional<error>& failure) {
    if (change_->at == stage::settling) return failure ? take_back(std::move(*failure)) : settle();
    if (failure || is_dry_) return finish(std::move(failure));
    change_->at = stage::telling;
    tell_all(change_->next, [this](bool all_know) {
      const bool may_lose = !config::lanes_removed(now_.all, change_->next.all).empty();
      if (!all_know && may_lose) return take_back({errc::unavailable, "a part of the node did not answer", {}});
      change_->at = stage::settling;
      know_lanes(change_->next.all, false, summary(change_->reply.changes));
    });
  }

  /// @param then is told whether all have answered.
  template <class Then> void tell_all(const config::loaded& next, Then then) {
    how_.live->set(next); // For those who begin from now on.
    ++changes_;
    env_->log->set_level(spdlog::level::from_str(next.all.log.level));
    const auto news = how_.live->get();
    auto silent = std::make_shared<std::size_t>(told_.size());
    gather<bool>(
        this, told_, news_limit, config_news{news}, [silent](const std::string&, bool) { --*silent; },
        [silent, then] { then(*silent == 0); });
  }

  void settle() {
    now_ = std::move(change_->next);
    for (const auto& line : change_->reply.changes) env_->log->info("config: {}", line);
    how_.revise();
    std::erase_if(told_, [this](const auto& item) { return is_gone(item.first); });
    finish({});
  }

  /// Lanes and workers that the configuration no longer has.
  bool is_gone(const std::string& child) const {
    const auto slash = child.find('/');
    return slash != std::string::npos && !scheduler::is_lane(now_.all, child.substr(slash + 1));
  }

  void take_back(error why) {
    tell_all(now_, [this, why](bool) { finish(why); });
  }

  void finish(std::optional<error> failure) {
    auto over = std::move(*change_);
    change_.reset();
    if (failure) env_->log->error("config: stays as it is: {}", render(*failure));
    over.reply.failure = std::move(failure);
    over.promise.deliver(std::move(over.reply));
  }

  void meet(const directory_entry& m) {
    if (m.name == "store") {
      store_ = caf::actor_cast<store_actor>(m.actor);
      if (!change_) know_lanes(now_.all, false, {});
    }
    const bool is_told = m.name == "scheduler" || m.name == "desk" || m.name == "runner" || m.name == "registrar" ||
                         m.name == "steward" || m.name == "handlers" || m.name == "checkpoints" ||
                         m.name.starts_with("lane/") || m.name.starts_with("worker/");
    if (!is_told) return;
    // A lane on another node hears of it from there, with the cell's terms; this message cannot travel.
    if (m.is_elsewhere) return void(told_.erase(m.name));
    told_[m.name] = caf::actor_cast<configured_actor>(m.actor);
    if (changes_ == 0) return;
    // It may have begun with another.
    ask(this, told_[m.name], news_limit, config_news{how_.live->get()}).then([](bool) {}, [](caf::error&) {});
  }

  environment_ptr env_;
  configurator_settings how_;
  config::loaded now_;
  store_actor store_;
  std::map<std::string, configured_actor> told_;
  std::optional<pending_change> change_;
  bool is_dry_ = false;
  std::uint64_t changes_ = 0; ///< Told so far.
  std::uint64_t ticket_ = 0;
};

} // namespace

std::optional<config::loaded> read_again(const read_config& read, const std::string& file, spdlog::logger& log,
                                         change_receipt& reply) {
  if (!read) {
    reply.failure = error{errc::not_allowed, "this node was started without a file", {}};
    return std::nullopt;
  }
  auto next = read();
  if (next) return std::move(*next);
  reply.failure = error{errc::bad_input, "the file has problems; all stays as it is", file};
  for (const auto& p : next.error()) reply.problems.push_back(config::render(p));
  for (const auto& p : reply.problems) log.error("config: {}", p);
  log.error("config: {}", render(*reply.failure));
  return std::nullopt;
}

configurator_actor spawn_configurator(caf::actor_system& sys, environment_ptr env, configurator_settings how) {
  return sys.spawn<configurator_shell>(std::move(env), std::move(how));
}

} // namespace fabric::actors
