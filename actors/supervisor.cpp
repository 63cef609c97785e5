#include "actors/supervisor.hpp"

#include "actors/compat.hpp"
#include "actors/messages.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>

namespace fabric::actors {

namespace {

class supervisor_shell : public supervisor_actor::base {
public:
  supervisor_shell(caf::actor_config& cfg, environment_ptr env, std::vector<child_spec> children,
                   directory_actor directory)
      : supervisor_actor::base(cfg), env_(std::move(env)), directory_(std::move(directory)), watcher_(this) {
    harden(this);
    attach_functor([this](const caf::error& why) { end_node("the supervisor", why); });
    for (auto& spec : children) add(std::move(spec));
  }

  const char* name() const override { return "fabric.supervisor"; }

  void on_exit() override {
    table_.clear();
    directory_ = nullptr;
    store_ = nullptr;
  }

  behavior_type make_behavior() override {
    watcher_.watch(caf::actor_cast<caf::strong_actor_ptr>(directory_),
                   [this](const caf::error& why) { end_node("the directory", why); });
    for (std::size_t i = 0; i < table_.size(); ++i) start(i);
    return {
        [this](drain_children m) { drain(m.deadline); },
        [this](revise_children& m) { revise(m.table); },
        [this](stop_children) { stop(); },
        [this](get_children) { return report(); },
    };
  }

private:
  struct row {
    child_spec spec;
    supervision::restart_history history;
    caf::strong_actor_ptr now; ///< Null while it is down.
    std::uint64_t starts = 0;
    bool leaving = false; ///< No longer in the table: it ends, or has ended.
  };

  void add(child_spec spec) {
    supervision::restart_history history{spec.when, spec.limit};
    table_.push_back({std::move(spec), std::move(history), nullptr, 0});
  }

  /// New children start in the order of the table; those that left keep their row, for they may come back.
  void revise(std::vector<child_spec>& table) {
    if (stopping_) return;
    for (auto& child : table_) {
      const bool is_in =
          std::any_of(table.begin(), table.end(), [&](const auto& s) { return s.name == child.spec.name; });
      if (is_in || std::exchange(child.leaving, true)) continue;
      if (child.now) caf::anon_send_exit(child.now, caf::exit_reason::user_shutdown);
    }
    for (auto& spec : table) {
      const auto known =
          std::find_if(table_.begin(), table_.end(), [&](const row& r) { return r.spec.name == spec.name; });
      if (known == table_.end()) {
        add(std::move(spec));
        start(table_.size() - 1);
      } else {
        known->spec = std::move(spec);
        if (std::exchange(known->leaving, false) && !known->now)
          start(static_cast<std::size_t>(known - table_.begin()));
      }
    }
  }

  void start(std::size_t index) {
    auto& child = table_[index];
    // Who was down when this one ended may have come back before it: to the old one.
    if (child.starts > 0)
      for (const auto& other : child.spec.takes_along) end(other);
    child.now = child.spec.start();
    ++child.starts;
    if (child.spec.name == "store") store_ = caf::actor_cast<store_actor>(child.now);
    tell_drain(child);
    watcher_.watch(child.now, [this, index](const caf::error& why) { on_down(index, why); });
    tell(this, directory_, directory_entry{child.spec.name, child.now});
  }

  void on_down(std::size_t index, const caf::error& why) {
    auto& child = table_[index];
    child.now = nullptr;
    tell(this, directory_, directory_entry{child.spec.name, nullptr});
    if (stopping_) return stop_next();
    if (child.leaving) return;
    const bool failed = why && why != caf::exit_reason::normal && why != caf::exit_reason::user_shutdown;
    const auto verdict = child.history.on_exit(failed, env_->now());
    note(child, caf::to_string(why));
    for (const auto& other : child.spec.takes_along) end(other);
    switch (verdict.what) {
    case supervision::verdict::kind::leave: return;
    case supervision::verdict::kind::escalate:
      return env_->fail(exit_child_failed, "the actor " + child.spec.name + " ended " +
                                               std::to_string(child.spec.limit.restarts + 1) + " times within " +
                                               std::to_string(child.spec.limit.within.count() / 1'000'000) +
                                               " s and cannot be kept alive; the last time: " + caf::to_string(why));
    case supervision::verdict::kind::restart:
      run_delayed(verdict.delay, [this, index] {
        if (!stopping_ && !table_[index].leaving && !table_[index].now) start(index);
      });
    }
  }

  /// Of several orders the earliest deadline counts, for who comes later too.
  void drain(time_point deadline) {
    drain_by_ = drain_by_ ? std::min(*drain_by_, deadline) : deadline;
    for (const auto& child : table_) tell_drain(child);
  }

  void tell_drain(const row& child) const {
    if (drain_by_ && child.now && child.spec.drain) child.spec.drain(child.now, *drain_by_);
  }

  /// Nobody could restart what nobody watches, nor find what is restarted.
  void end_node(const std::string& who, const caf::error& why) const {
    if (!stopping_) env_->fail(exit_child_failed, who + " ended: " + caf::to_string(why));
  }

  void end(const std::string& child_name) {
    for (const auto& child : table_)
      if (child.spec.name == child_name && child.now) caf::anon_send_exit(child.now, caf::exit_reason::kill);
  }

  /// Into the log of automatic actions; nobody waits for the answer.
  void note(const row& child, const std::string& why) {
    const auto text = "the actor " + child.spec.name + " ended: " + why;
    env_->log->error("supervisor: {}", text);
    if (child.spec.name == "store") return;
    store_operations m;
    m.asks.push_back({0, store::note{.kind = "actor_ended", .lane = {}, .node = {}, .id = 0, .text = text}});
    tell(this, store_, std::move(m));
  }

  void stop() {
    stopping_ = true;
    stop_next();
  }

  void stop_next() {
    for (auto at = table_.rbegin(); at != table_.rend(); ++at)
      if (at->now) return caf::anon_send_exit(at->now, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(directory_, caf::exit_reason::user_shutdown);
    quit();
  }

  child_reports report() const {
    child_reports all;
    for (const auto& child : table_)
      if (!child.leaving) all.children.push_back({child.spec.name, child.now != nullptr, child.starts});
    return all;
  }

  environment_ptr env_;
  directory_actor directory_;
  store_actor store_;
  watcher<supervisor_shell> watcher_;
  std::vector<row> table_;
  std::optional<time_point> drain_by_;
  bool stopping_ = false;
};

} // namespace

supervisor_actor spawn_supervisor(caf::actor_system& sys, environment_ptr env, std::vector<child_spec> children,
                                  directory_actor directory) {
  return sys.spawn<supervisor_shell>(std::move(env), std::move(children), std::move(directory));
}

} // namespace fabric::actors
