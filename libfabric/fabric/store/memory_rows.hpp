#pragma once

#include "fabric/store/rows.hpp"

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// The tables in memory.
namespace fabric::store {

struct memory_attempt {
  attempt row;
  outcome reported = outcome::none;
};

class memory_rows final : public rows {
public:
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
  bool failed() const override { return false; }

  // For reading.
  const std::map<job_id, stored_job>& jobs() const { return jobs_; }
  const std::map<job_id, std::string>& inputs() const { return inputs_; }
  const std::map<job_id, std::string>& results() const { return results_; }
  const std::map<std::uint64_t, event>& events() const { return events_; }
  const std::map<job_id, std::vector<memory_attempt>>& attempts() const { return attempts_; }
  std::optional<key_line> line_of(const job& row) const; ///< Of a waiting job.

private:
  using place_in_line = std::pair<std::string, std::uint64_t>; ///< Key and key_order.

  void keep_in_line(const job& row);
  std::set<std::pair<time_point, job_id>>& finals(job_state state) { return finals_[static_cast<std::size_t>(state)]; }

  std::map<job_id, stored_job> jobs_;
  std::map<job_id, std::string> inputs_;
  std::map<job_id, std::string> results_;
  memory_attempt& attempt_of(job_id id, std::uint32_t number);

  std::map<job_id, std::vector<memory_attempt>> attempts_; ///< Numbered without gaps.
  std::map<std::uint64_t, event> events_;
  std::map<std::pair<std::string, std::string>, job_id> keys_;
  std::map<place_in_line, job_id> lines_;                         ///< See is_in_line.
  std::array<std::set<std::pair<time_point, job_id>>, 8> finals_; ///< By state; live states stay empty.
};

} // namespace fabric::store
