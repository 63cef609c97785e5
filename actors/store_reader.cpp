#include "fabric/job/limits.hpp"
#include "fabric/store/counts.hpp"

#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/readers.hpp"

#include <algorithm>

namespace fabric::actors {

namespace {

class store_reader_shell : public store_reader_actor::base {
public:
  store_reader_shell(caf::actor_config& cfg, std::shared_ptr<store::job_reader> db)
      : store_reader_actor::base(cfg), db_(std::move(db)) {
    harden(this);
  }

  const char* name() const override { return "fabric.store_reader"; }

  void on_exit() override { db_.reset(); } // Whoever still holds a handle keeps no connection open.

  behavior_type make_behavior() override {
    return {
        [this](get_jobs& m) { return jobs(m); },         [this](list_jobs& m) { return list(m); },
        [this](get_details m) { return details(m.id); }, [this](get_events m) { return events(m); },
        [this](get_lanes) { return lanes(); },
    };
  }

private:
  job_page jobs(const get_jobs& m) {
    if (m.ids.size() > limits::batch_jobs)
      return {{}, error{errc::too_large, "at most 512 jobs in one question", "/ids"}};
    return page(db_->find_all(m.ids));
  }

  static job_page page(expected<std::vector<job>> rows) {
    if (!rows) return {{}, rows.error()};
    return {std::move(*rows), std::nullopt};
  }

  job_page list(list_jobs& m) {
    m.filter.limit = std::clamp<std::size_t>(m.filter.limit, 1, store::page_limit);
    return page(db_->list(m.filter));
  }

  job_details details(job_id id) {
    auto all = db_->details(id);
    if (!all) return {all.error(), {}, {}, {}, {}, {}};
    return {std::nullopt,          std::move(all->row),    std::move(all->attempts),
            std::move(all->input), std::move(all->result), std::move(all->line)};
  }

  event_page events(const get_events& m) {
    const auto limit = std::clamp<std::size_t>(m.limit, 1, store::page_limit);
    auto rows = m.after == 0 ? db_->last_events(limit) : db_->events(m.after, limit);
    if (!rows) return {{}, rows.error()};
    return {std::move(*rows), std::nullopt};
  }

  lane_reports lanes() {
    lane_reports reply;
    auto counts = db_->counts();
    auto wasted = db_->wasted();
    if (!counts || !wasted) {
      reply.failure = counts ? wasted.error() : counts.error();
      return reply;
    }
    reply.wasted = std::move(*wasted);
    for (auto& c : *counts) {
      lane_report one;
      one.now.name = c.lane;
      one.counts = std::move(c);
      reply.lanes.push_back(std::move(one));
    }
    return reply;
  }

  std::shared_ptr<store::job_reader> db_;
};

} // namespace

store_reader_actor spawn_store_reader(caf::actor_system& sys, std::shared_ptr<store::job_reader> db, spawn_as how) {
  return spawn_shell<store_reader_shell>(sys, how == spawn_as::detached, std::move(db));
}

} // namespace fabric::actors
