#pragma once

#include "nodes/cli/session.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

/// Waits until jobs have ended, over restarts of the fabric.
namespace fabric::cli {

enum class telling : std::uint8_t {
  every_end,     ///< On stdout, with a progress line.
  failures_only, ///< On stderr.
};

class waiting {
public:
  /// @param ids without doubles.
  waiting(session& s, std::vector<job_id> ids, telling what = telling::every_end);

  /// Tells of each job as it ends. @returns the worst of what happened, as --help says.
  exit_code run();

private:
  exit_code look(const std::vector<job_id>& ids);
  exit_code next();
  void settle(const job& ended);
  void lose(job_id id);
  void show_progress();
  std::vector<job_id> take_window();
  void give_back(const std::vector<job_id>& window, bool to_front);
  duration patience() const;

  void tell(const job& ended);
  exit_code pause_in_crowd(const error& why);
  std::string left_text() const;

  session& s_;
  telling what_;
  std::deque<job_id> order_; ///< Of asking; those that have ended are skipped.
  std::unordered_set<job_id> pending_;
  std::uint64_t total_;
  std::uint64_t failed_ = 0;
  bool told_crowd_ = false;
  exit_code code_ = done;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

} // namespace fabric::cli
