#pragma once

#include "fabric/store/ledger.hpp"
#include "fabric/store/rows.hpp"
#include "fabric/store/sqlite_statement.hpp"

#include <optional>
#include <string>
#include <vector>

/// The tables in SQLite, through the store's own connection, which must outlive it. Failures: see sqlite_statement.
namespace fabric::store {

class sqlite_rows final : public rows {
public:
  explicit sqlite_rows(sqlite_connection& db);

  std::optional<stored_job> find(job_id id) override;
  std::optional<job_id> find_key(std::string_view job_class, std::string_view key) override;
  key_head head_of(std::string_view ordering_key) override;
  std::string input(job_id id) override;
  void insert(const stored_job& added, const std::string& input) override;
  void update(const stored_job& before, const stored_job& after) override;
  void put_result(job_id id, std::string_view result, time_point now) override;
  void insert_attempt(const attempt& started) override;
  void erase_attempts(job_id id, std::uint32_t last) override;
  std::optional<attempt_fate> find_attempt(job_id id, fence_t fence) override;
  void carry_attempt(job_id id, std::uint32_t number, std::string_view lane, std::string_view worker) override;
  void close_attempt(const attempt_close& close) override;
  void log(const event& what) override;
  std::optional<final_row> oldest_final(job_state state) override;
  void erase(job_id id) override;
  std::optional<time_point> oldest_event() override;
  void erase_oldest_event() override;
  bool failed() const override { return db_.failed(); }

  /// Live jobs of a lane in one state with id > after, ascending.
  std::vector<job_id> unsettled_resets();
  std::vector<lane_entry> live_in(const std::string& lane, job_state state, job_id after, std::size_t limit);

  /// The stored part of the ledger.
  ledger load_ledger();

  /// Writes what differs between the two.
  void save_ledger(const ledger& before, const ledger& after);

  void put_meta(std::string_view name, std::uint64_t value);

private:
  void save_pause(const std::string& lane, const std::optional<lane_pause>& now);
  void save_waste(std::string_view kind, const waste_totals::sums& before, const waste_totals::sums& after);

  sqlite_connection& db_;
  sqlite_statement find_, find_key_, head_of_, input_, insert_job_, insert_payload_, update_, update_in_lane_,
      put_result_, insert_attempt_, erase_attempts_, find_attempt_, carry_attempt_, close_attempt_, log_, oldest_final_,
      erase_, oldest_event_, erase_event_, live_, put_meta_, put_pause_, drop_pause_, put_lane_, put_waste_;
};

} // namespace fabric::store
