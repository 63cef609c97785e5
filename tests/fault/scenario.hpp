#pragma once

#include "fabric/store/memory_store.hpp"
#include "fabric/store/sqlite_store.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// The life of a store in steps, drawn by a seed, and what a store that keeps its promises holds after each of them.
namespace fabric::fault {

/// A transaction (without operations: an upkeep), or a clean close and a new start.
struct step {
  std::vector<store::operation> ops;
  time_point now{};
  bool restarts = false;
};

/// Submissions, half of them with an ordering key, leases, ends of every kind, moves, cancels and kicks, retention that
/// forgets, upkeeps that shrink the file, and near the end a restart, after which nothing new is submitted: a store
/// that was not closed cleanly may skip job ids.
std::vector<step> draw_steps(std::uint64_t seed, int count);

/// A rush of jobs that are soon forgotten, so that the file shrinks, and what comes after.
std::vector<step> rush_steps();

/// How the scenario's store is opened: it forgets early, gives every free page back, copies its log into the file
/// often, and minds no full disk.
store::sqlite_options scenario_options();

/// The largest numbers that were acknowledged. None may be given again.
struct high_water {
  job_id job = 0;
  fence_t fence = 0;
  std::uint64_t event = 0, fast = 0, slow = 0;

  void note(const std::vector<store::operation>& ops, const store::batch_result& done);
};

/// A store in memory that takes the same steps.
class twin {
public:
  twin();

  /// @param low the disk is: submissions and leases are refused.
  void apply(const step& next, bool low = false);

  /// Everything in it, as text.
  std::string contents();
  const high_water& marks() const { return marks_; }
  store::memory_store& itself() { return store_; }

private:
  bool low_ = false;
  high_water marks_;
  store::memory_store store_;
};

/// Opens the store of `path` and names all that is wrong: it does not open, is not sound, holds none of `allowed`, or
/// gives a number again.
std::vector<std::string> judge(const std::string& path, const std::vector<std::string>& allowed,
                               const high_water& acknowledged);

} // namespace fabric::fault
