#include "actors/checkpoints.hpp"

#include "fabric/config/classes.hpp"
#include "fabric/exec/checkpoint_copy.hpp"
#include "fabric/exec/launch.hpp"

#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/overloaded.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace fabric::actors {

namespace {

constexpr duration answer_limit = 2s; ///< For one answer of the other node, at most,
constexpr duration answer_least = 100ms;

class checkpoints_shell : public checkpoints_actor::base {
public:
  checkpoints_shell(caf::actor_config& cfg, environment_ptr env, std::string spool, config::root config)
      : checkpoints_actor::base(cfg), env_(std::move(env)), spool_(std::move(spool)), config_(std::move(config)) {
    harden(this);
  }

  const char* name() const override { return "fabric.checkpoints"; }

  void on_exit() override {
    transfers_.clear();
    reader_ = nullptr;
    store_ = nullptr;
  }

  behavior_type make_behavior() override {
    exec::clear_broken_copies(spool_);
    return {
        [this](bring_checkpoint& m) { return bring(std::move(m.what)); },
        [this](config_news& m) { return reconfigure(*m.now); },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  struct transfer {
    node::checkpoint_transfer machine;
    caf::typed_response_promise<checkpoint_brought> promise;
    std::optional<exec::checkpoint_copy> copy{};
  };

  caf::result<checkpoint_brought> bring(node::transfer_order what) {
    auto promise = make_response_promise<checkpoint_brought>();
    const auto fence = what.fence;
    transfers_.insert_or_assign(fence, transfer{node::checkpoint_transfer{std::move(what)}, promise});
    step(fence, node::transfer_begins{});
    return promise;
  }

  void step(fence_t fence, node::transfer_event what) {
    const auto known = transfers_.find(fence);
    if (known == transfers_.end()) return;
    for (auto& todo : known->second.machine.handle(std::move(what), env_->now())) {
      const auto performed = perform(known->second, todo);
      if (!performed) return refused(fence, todo, performed.error());
      if (std::holds_alternative<node::transfer_settled>(todo)) return void(transfers_.erase(known));
    }
  }

  /// What cannot be written is like what cannot be had; what cannot be cleared must not be found.
  void refused(fence_t fence, const node::transfer_effect& todo, const error& why) {
    env_->log->error("checkpoints: {}", render(why));
    if (!std::holds_alternative<node::clear_kept>(todo)) return step(fence, node::copy_failed{why});
    transfers_.at(fence).promise.deliver(checkpoint_brought{why});
    transfers_.erase(fence);
  }

  expected<void> perform(transfer& t, node::transfer_effect& todo) {
    const auto& order = t.machine.order();
    return std::visit(
        overloaded{
            [&](node::ask_listing&) {
              return ask_for<checkpoint_listing>(order, list_checkpoint{order.from, order.job});
            },
            [&](node::ask_piece& e) {
              return ask_for<spool_piece>(order, read_checkpoint{order.from, order.job, std::move(e.path), e.offset});
            },
            [&](node::begin_copy&) { return begin(t); },
            [&](node::make_kept& e) { return t.copy->make(e.what); },
            [&](node::write_kept& e) { return t.copy->write(e.path, e.piece); },
            [&](node::put_in_place&) { return t.copy->finish(); },
            [&](node::clear_kept&) { return exec::clear_checkpoint(spool_, order.job); },
            [&](node::tick_at& e) {
              run_delayed(e.at - env_->now(), [this, f = order.fence] { step(f, node::transfer_tick{}); });
              return expected<void>{};
            },
            [&](node::transfer_settled& e) {
              settle(t, e);
              return expected<void>{};
            },
        },
        todo);
  }

  expected<void> begin(transfer& t) {
    const auto* const c = config::find_class(config_, t.machine.order().job_class);
    std::optional<exec::file_owner> owner;
    if (c != nullptr && !c->user.empty()) {
      const auto user = exec::resolve_user(c->user);
      if (!user) return tl::unexpected{user.error()};
      if (*user) owner = (*user)->owner;
    }
    auto made = exec::checkpoint_copy::begin(spool_, t.machine.order().job, owner);
    if (!made) return tl::unexpected{made.error()};
    t.copy = std::move(*made);
    return {};
  }

  template <class Reply, class Question> expected<void> ask_for(const node::transfer_order& order, Question question) {
    const auto limit = std::clamp<duration>(order.until - env_->now(), answer_least, answer_limit);
    ask(this, reader_, limit, std::move(question))
        .then([this, f = order.fence](Reply& said) { step(f, heard(said)); },
              [this, f = order.fence, from = order.from](caf::error&) {
                step(f, node::listing_came{fail(errc::unavailable, "node " + from + " does not answer")});
              });
    return {};
  }

  static node::transfer_event heard(checkpoint_listing& m) {
    if (m.failure) return node::listing_came{tl::unexpected{std::move(*m.failure)}};
    return node::listing_came{std::move(m.files)};
  }

  static node::transfer_event heard(spool_piece& m) {
    if (m.failure) return node::piece_came{tl::unexpected{std::move(*m.failure)}};
    return node::piece_came{node::kept_piece{std::move(m.bytes), m.offset, m.size}};
  }

  void settle(transfer& t, node::transfer_settled& e) {
    const auto& order = t.machine.order();
    if (e.lost) {
      env_->log->warn("checkpoints: job {} starts over: {}", order.job, *e.lost);
      store_operations m;
      m.asks.push_back({0, store::start_over{order.job, order.fence, std::move(*e.lost)}});
      tell(this, store_, std::move(m));
    }
    t.promise.deliver(checkpoint_brought{});
  }

  bool reconfigure(const config::root& now) {
    config_ = now;
    return true;
  }

  void meet(const directory_entry& m) {
    if (m.name == "store") store_ = caf::actor_cast<store_actor>(m.actor);
    if (m.name == "spool_reader") reader_ = caf::actor_cast<spool_reader_actor>(m.actor);
  }

  environment_ptr env_;
  std::string spool_;
  config::root config_;
  spool_reader_actor reader_;
  store_actor store_;
  std::map<fence_t, transfer> transfers_;
};

} // namespace

checkpoints_actor spawn_checkpoints(caf::actor_system& sys, environment_ptr env, std::string spool, config::root config,
                                    spawn_as how) {
  return spawn_shell<checkpoints_shell>(sys, how == spawn_as::detached, std::move(env), std::move(spool),
                                        std::move(config));
}

} // namespace fabric::actors
