#pragma once

#include "fabric/store/job_store.hpp"
#include "fabric/store/memory_store.hpp"
#include "fabric/store/sqlite_reader.hpp"
#include "fabric/store/sqlite_store.hpp"

#include <memory>
#include <string>
#include <vector>

/// What the tests of the stores share: stores of both kinds behind one face, and operations with short names.
namespace fabric::store::test {

/// A directory of its own (mode 0700), removed at the end.
class scratch {
public:
  scratch();
  ~scratch();
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

private:
  std::string path_;
};

inline constexpr time_point start{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};

/// Fails the test with the error's words.
template <class T> T must(expected<T> value) {
  if (!value) throw std::runtime_error(render(value.error()));
  return std::move(*value);
}

enum class kind { memory, sqlite };

struct bench_options {
  store::retention retention;
  std::shared_ptr<bool> low = std::make_shared<bool>(false); ///< The disk is low while it is true.
  steady_clock_fn clock = [] { return std::chrono::steady_clock::time_point{}; };
};

/// A store with its reader, on lane "fast" and "slow", both open.
class bench {
public:
  explicit bench(kind which, bench_options options = {});

  batch_result apply(std::vector<operation> ops);
  answer one(operation op);
  job_id add(const std::string& lane = "fast", std::string input = "1");
  answer take(job_id id, const std::string& lane = "fast");
  answer finish(const job& row, outcome how,
                end_decision decision = {.move_to = "slow", .lane_count = 2, .retry_after = {}});
  job row(job_id id) { return must(reader->find(id)); }
  std::vector<std::string> logged(); ///< Kinds of the kept events.

  time_point now = start;
  std::uint64_t fast = 0, slow = 0; ///< Epochs.
  batch_result last;                ///< Of the last apply.
  scratch home;
  std::unique_ptr<job_store> owned;
  std::unique_ptr<job_reader> owned_reader;
  job_store* store = nullptr;
  job_reader* reader = nullptr;
};

submit submission(const std::string& lane = "fast", std::string input = "1");

/// The same with an ordering key.
submit keyed(const std::string& key, const std::string& lane = "fast");

/// What is wrong with the lines of the ordering keys: of the jobs of a key that have not ended all but the one with the
/// smallest key_order wait, and nobody else does. Empty: nothing.
std::string wrong_lines(job_reader& reader);

/// Options for a store in a scratch directory: no reserve, always room.
sqlite_options roomy();

} // namespace fabric::store::test
