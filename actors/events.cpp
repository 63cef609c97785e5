#include "actors/events.hpp"

#include "fabric/job/limits.hpp"
#include "fabric/store/journal.hpp"

#include "actors/alarm_clock.hpp"
#include "actors/compat.hpp"
#include "actors/messages.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace fabric::actors {

namespace {

constexpr duration read_limit = 5s;

class events_shell : public events_actor::base {
public:
  events_shell(caf::actor_config& cfg, environment_ptr env, std::uint32_t waiters_max)
      : events_actor::base(cfg), env_(std::move(env)), waiters_max_(waiters_max),
        alarm_(this, env_, [this] { give_up(); }) {
    harden(this);
  }

  const char* name() const override { return "fabric.events"; }

  void on_exit() override {
    alarm_.stop();
    reader_ = nullptr;
    jobs_.clear();
    events_.clear();
  }

  behavior_type make_behavior() override {
    return {
        [this](committed_events& m) { on_commit(m); },
        [this](wait_jobs& m) { return wait_for_jobs(m); },
        [this](get_events m) { return wait_for_events(m); },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  struct job_waiter {
    caf::typed_response_promise<job_page> promise;
    std::vector<job_id> ids;
    time_point until;
    bool asked = false; ///< A question to the reader is under way,
    bool again = false; ///< and something happened since.
  };
  struct event_waiter {
    caf::typed_response_promise<event_page> promise;
    get_events what;
    time_point until;
    std::uint64_t seen = 0; ///< commits_ when the reader was asked.
  };
  using job_waiters = std::map<std::uint64_t, job_waiter>;

  static bool ends_a_job(const store::event& e) {
    return e.kind == "succeeded" || e.kind == "buried" || e.kind == "cancelled";
  }

  error too_many() const {
    return {errc::limit_reached, "limits.max_waiters (" + std::to_string(waiters_max_) + ") clients are waiting", ""};
  }

  static error silent_reader() { return {errc::unavailable, "the store's reader does not answer", ""}; }

  // -- jobs
  // -------------------------------------------------------------------------------------------------------------

  caf::result<job_page> wait_for_jobs(wait_jobs& m) {
    auto promise = make_response_promise<job_page>();
    if (waiters() >= waiters_max_) {
      promise.deliver(job_page{{}, too_many()});
      return promise;
    }
    if (m.ids.size() > limits::batch_jobs) {
      promise.deliver(job_page{{}, error{errc::too_large, "at most 512 jobs in one wait", "/ids"}});
      return promise;
    }
    const auto until = env_->now() + std::clamp(m.patience, duration{0}, patience_max);
    std::sort(m.ids.begin(), m.ids.end());
    m.ids.erase(std::unique(m.ids.begin(), m.ids.end()), m.ids.end()); // The reader gives each row once.
    const auto serial = ++serial_;
    for (const auto id : m.ids) by_job_.emplace(id, serial);
    jobs_.emplace(serial, job_waiter{promise, std::move(m.ids), until});
    look(serial);
    alarm_.arm(until);
    return promise;
  }

  /// Asks the reader which of the waiter's jobs are final: at first, for those that were before it came, and when
  /// one of them ends.
  void look(std::uint64_t serial) {
    auto& w = jobs_.at(serial);
    w.again = w.asked;
    if (w.asked) return;
    w.asked = true;
    ask(this, reader_, read_limit, get_jobs{w.ids})
        .then([this, serial](job_page& page) { on_looked(serial, page); },
              [this, serial](caf::error&) {
                job_page silent{{}, silent_reader()};
                on_looked(serial, silent);
              });
  }

  void on_looked(std::uint64_t serial, job_page& page) {
    const auto at = jobs_.find(serial);
    if (at == jobs_.end()) return;
    auto& w = at->second;
    w.asked = false;
    const auto known = page.jobs.size();
    std::erase_if(page.jobs, [](const job& j) { return !is_final(j.state); });
    // A job that is not there any more will not end: say what is known.
    if (page.failure || !page.jobs.empty() || known < w.ids.size()) {
      w.promise.deliver(std::move(page));
      forget(at);
    } else if (w.again) {
      look(serial);
    }
  }

  job_waiters::iterator forget(job_waiters::iterator at) {
    for (const auto id : at->second.ids) {
      auto [first, last] = by_job_.equal_range(id);
      while (first != last) first = first->second == at->first ? by_job_.erase(first) : std::next(first);
    }
    return jobs_.erase(at);
  }

  // -- events
  // -----------------------------------------------------------------------------------------------------------

  caf::result<event_page> wait_for_events(get_events m) {
    auto promise = make_response_promise<event_page>();
    if (waiters() >= waiters_max_) {
      promise.deliver(event_page{{}, too_many()});
      return promise;
    }
    const auto until = env_->now() + std::clamp(m.patience, duration{0}, patience_max);
    alarm_.arm(until);
    look({promise, m, until});
    return promise;
  }

  void look(event_waiter w) {
    w.seen = commits_;
    ++looking_;
    auto promise = w.promise;
    ask(this, reader_, read_limit, w.what)
        .then([this, w](event_page& page) mutable { on_looked(std::move(w), page); },
              [this, promise](caf::error&) mutable {
                --looking_;
                promise.deliver(event_page{{}, silent_reader()});
              });
  }

  void on_looked(event_waiter w, event_page& page) {
    --looking_;
    if (page.failure || !page.events.empty() || w.until <= env_->now()) return w.promise.deliver(std::move(page));
    if (w.seen != commits_) return look(std::move(w)); // Something was committed since the reader was asked.
    alarm_.arm(w.until);                               // It may have rung while the reader was asked.
    events_.push_back(std::move(w));
  }

  // -- both
  // -------------------------------------------------------------------------------------------------------------

  void on_commit(const committed_events& m) {
    std::set<std::uint64_t> touched;
    for (const auto& e : m.events) {
      if (!ends_a_job(e)) continue;
      auto [first, last] = by_job_.equal_range(e.job);
      for (; first != last; ++first) touched.insert(first->second);
    }
    for (const auto serial : touched) look(serial);
    // What is not in the log the reader does not see: no need to ask.
    if (std::none_of(m.events.begin(), m.events.end(), [](const auto& e) { return store::is_logged(e.kind); })) return;
    ++commits_;
    for (auto& w : std::exchange(events_, {})) look(std::move(w));
  }

  void give_up() {
    const auto now = env_->now();
    for (auto at = jobs_.begin(); at != jobs_.end();) {
      if (at->second.until > now) {
        alarm_.arm(at->second.until);
        ++at;
        continue;
      }
      at->second.promise.deliver(job_page{});
      at = forget(at);
    }
    std::erase_if(events_, [&](event_waiter& w) {
      if (w.until <= now)
        w.promise.deliver(event_page{});
      else
        alarm_.arm(w.until);
      return w.until <= now;
    });
  }

  std::size_t waiters() const { return jobs_.size() + events_.size() + looking_; }

  void meet(const directory_entry& m) {
    if (m.name == "store_reader") reader_ = caf::actor_cast<store_reader_actor>(m.actor);
  }

  environment_ptr env_;
  std::uint32_t waiters_max_;
  alarm_clock<events_shell> alarm_;
  store_reader_actor reader_;
  std::uint64_t serial_ = 0;
  job_waiters jobs_; ///< By serial number.
  std::unordered_multimap<job_id, std::uint64_t> by_job_;
  std::vector<event_waiter> events_;
  std::size_t looking_ = 0;   ///< Waiters for events for whom the reader is being asked.
  std::uint64_t commits_ = 0; ///< With something for the log.
};

} // namespace

events_actor spawn_events(caf::actor_system& sys, environment_ptr env, std::uint32_t waiters_max) {
  return sys.spawn<events_shell>(std::move(env), waiters_max);
}

} // namespace fabric::actors
