#include "fabric/store/sqlite_store.hpp"

#include "fabric/invariant.hpp"
#include "fabric/job/limits.hpp"
#include "fabric/mutation.hpp"
#include "fabric/store/engine.hpp"
#include "fabric/store/owner_lock.hpp"
#include "fabric/store/sqlite_rows.hpp"
#include "fabric/store/sqlite_schema.hpp"
#include "fabric/store/sqlite_upkeep.hpp"

#include <algorithm>
#include <utility>

namespace fabric::store {

struct sqlite_store::state {
  state(owner_lock lock, std::unique_ptr<sqlite_connection> opened, const sqlite_options& options)
      : owner(std::move(lock)), db(std::move(opened)), tables(*db), begin(*db, "BEGIN IMMEDIATE"),
        commit(*db, "COMMIT"), lock_wait(options.lock_wait), wal_max(options.wal_max),
        pruning(options.retention, options.clock), file(*db, options.shrinking, options.clock),
        space({db->path() + ".reserve", options.disk_low, options.reserve, options.free, options.clock}) {}

  owner_lock owner; ///< Given back last.
  std::unique_ptr<sqlite_connection> db;
  sqlite_rows tables;
  sqlite_statement begin, commit;
  std::chrono::milliseconds lock_wait;
  std::int64_t wal_max;
  ledger numbers;
  pruner pruning;
  sqlite_upkeep file;
  space_guard space;
  open_report report;
  bool broken = false; ///< An error after which nothing here can be trusted.
  std::uint64_t batches = 0;

  expected<void> start();
  expected<batch_result> transaction(std::span<const operation> ops, admission allowed, time_point now);
  bool is_open() const { return sqlite3_get_autocommit(db->raw()) == 0; } ///< A transaction is.
  bool answers_early(std::size_t operations);
  tl::unexpected<error> roll_back(ledger before);
  void give_up(ledger before);
  tl::unexpected<error> failed_before() const { return fail(errc::io_error, "the store failed before", db->path()); }
  tl::unexpected<error> read_failed();
  bool needs_upkeep(time_point now) { return pruning.may_have_work(numbers, now) || file.may_shrink(); }
  void keep_up(bool operations, batch_result& result, time_point now);
  expected<void> settle(bool rests);
  void close();
};

expected<std::unique_ptr<sqlite_store>> sqlite_store::open(const std::string& path, sqlite_options options) {
  if (auto made = make_private_directory_of(path); !made) return tl::unexpected(made.error());
  auto owner = owner_lock::take(path + ".lock");
  if (!owner) return tl::unexpected(owner.error());
  if (auto ours = refuse_foreign_file(path); !ours) return tl::unexpected(ours.error());
  auto db = sqlite_connection::open_writer(path);
  if (!db) return tl::unexpected(db.error());
  const auto schema = migrate(**db, migrations());
  if (!schema) return tl::unexpected(schema.error());
  auto made = std::make_unique<state>(std::move(*owner), std::move(*db), options);
  made->report.schema = *schema;
  if (auto started = made->start(); !started) return tl::unexpected(started.error());
  return std::unique_ptr<sqlite_store>(new sqlite_store(std::move(made)));
}

expected<void> sqlite_store::state::start() {
  report.created = report.schema == 0;
  report.sqlite = sqlite3_libversion();
  report.was_clean = report.created || db->ask_number("SELECT value FROM meta WHERE name='clean'") == 1;
  if (!report.was_clean) {
    const auto verdict = db->ask("PRAGMA quick_check(1)");
    if (!db->failed() && verdict != "ok")
      return fail(errc::io_error, "the store is damaged: " + verdict.value_or("no answer"), db->path());
  }
  begin.with().run();
  tables.put_meta("clean", 0);
  commit.with().run();
  numbers = tables.load_ledger();
  if (db->failed()) return tl::unexpected(db->failure());
  db->set_lock_wait(lock_wait);
  report.live_jobs = numbers.live();
  report.running = numbers.total(job_state::running);
  report.stale_ends = numbers.stale_ends;
  return {};
}

/// The marks go back to what was really given away, so that a clean restart skips no ids. A transaction that is still
/// open was not answered: what it did so far is not to be kept, but for the mutation's.
void sqlite_store::state::close() {
  if (broken || db->failed()) return;
  if (is_open() && !mutation("ack-before-commit")) db->exec("ROLLBACK");
  if (!is_open()) begin.with().run();
  tables.put_meta("job_mark", numbers.last_job);
  tables.put_meta("event_mark", numbers.last_event);
  tables.put_meta("clean", 1);
  commit.with().run();
}

sqlite_store::sqlite_store(std::unique_ptr<state> made) : state_(std::move(made)) {}

sqlite_store::~sqlite_store() { state_->close(); }

const open_report& sqlite_store::report() const { return state_->report; }

std::uint64_t sqlite_store::live_jobs() const { return state_->numbers.live(); }

expected<batch_result> sqlite_store::apply(std::span<const operation> ops, time_point now) {
  invariant(ops.size() <= limits::commit_ops);
  auto& s = *state_;
  if (s.broken) return s.failed_before();
  const bool room = !s.space.is_low();
  expected<batch_result> result;
  const bool due = !ops.empty() || s.is_open() || s.needs_upkeep(now);
  if (s.db->failed()) return s.read_failed();
  if (due) result = s.transaction(ops, {room, room}, now);
  // The disk is full: what the reserve gives back is for the operations that take work away.
  if (!result && result.error().code == errc::disk_full) {
    s.space.release();
    result = s.transaction(ops, {false, false}, now);
  }
  if (!result || s.is_open()) return result; // Still open: only by the mutation below.
  if (auto settled = s.settle(ops.empty() && !result->more_upkeep); !settled) return tl::unexpected(settled.error());
  return result;
}

expected<batch_result> sqlite_store::state::transaction(std::span<const operation> ops, admission allowed,
                                                        time_point now) {
  const ledger before = numbers;
  if (!is_open()) begin.with().run();
  if (db->failed()) return roll_back(before);
  batch_result result;
  try {
    result = engine(tables, numbers, allowed, now).run(ops);
    keep_up(!ops.empty(), result, now);
    tables.save_ledger(before, numbers);
  } catch (...) {
    give_up(before);
    throw;
  }
  if (!answers_early(ops.size())) commit.with().run();
  if (db->failed()) return roll_back(before);
  return result;
}

/// What is old goes with every transaction, free pages only with one that makes nobody wait.
void sqlite_store::state::keep_up(bool operations, batch_result& result, time_point now) {
  const auto budget = pruning.budget(operations);
  result.pruned = pruning.prune(tables, numbers, now, budget);
  result.more_upkeep = pruning.may_have_work(numbers, now);
  if (operations) return file.note_use();
  if (!result.more_upkeep) result.more_upkeep = file.shrink(budget);
}

/// A bug: half of the operations are in the tables, and nobody knows which half. None of them may be kept.
void sqlite_store::state::give_up(ledger before) {
  broken = true;
  numbers = std::move(before);
  db->exec("ROLLBACK");
}

/// The mutation: 63 of 64 batches are answered while their transaction is still open. Nothing to do commits.
bool sqlite_store::state::answers_early(std::size_t operations) {
  return mutation("ack-before-commit") && operations > 0 && ++batches % 64 != 0;
}

tl::unexpected<error> sqlite_store::state::roll_back(ledger before) {
  const auto why = db->failure();
  broken = why.code != errc::disk_full && why.code != errc::unavailable;
  numbers = std::move(before);
  pruning.look_again();
  db->forget_failure();
  if (is_open()) db->exec("ROLLBACK");
  if (db->failed()) broken = true;
  if (!broken) return tl::unexpected(why);
  return fail(errc::io_error, why.message, why.where);
}

tl::unexpected<error> sqlite_store::state::read_failed() {
  const auto why = db->failure();
  broken = why.code != errc::unavailable;
  if (broken) return fail(errc::io_error, why.message, why.where);
  db->forget_failure();
  return tl::unexpected(why);
}

/// After a commit: copies the log if it is large; `rests` if there was nothing else to do.
expected<void> sqlite_store::state::settle(bool rests) {
  const bool large = static_cast<std::int64_t>(db->wal_pages()) * page_bytes > wal_max;
  if ((!large || db->checkpoint()) && (!rests || file.rest())) return {};
  broken = true;
  return fail(errc::io_error, db->failure().message, db->path());
}

expected<lane_page> sqlite_store::load_lane(const std::string& lane, job_id after, std::size_t limit) {
  auto& s = *state_;
  if (s.broken) return s.failed_before();
  lane_page page;
  if (const auto record = s.numbers.lanes.find(lane); record != s.numbers.lanes.end()) page.seq = record->second.seq;
  const auto wanted = std::max<std::size_t>(limit, 1);
  for (const auto kind : {job_state::scheduled, job_state::ready, job_state::running}) {
    auto some = s.tables.live_in(lane, kind, after, wanted + 1);
    std::ranges::move(some, std::back_inserter(page.entries));
  }
  if (s.db->failed()) return s.read_failed();
  std::ranges::sort(page.entries, {}, &lane_entry::id);
  page.last = page.entries.size() <= wanted;
  if (!page.last) page.entries.resize(wanted);
  return page;
}

expected<std::vector<job_id>> sqlite_store::unsettled_resets() {
  auto& s = *state_;
  if (s.broken) return s.failed_before();
  auto found = s.tables.unsettled_resets();
  if (s.db->failed()) return s.read_failed();
  return found;
}

} // namespace fabric::store
