#include "tests/fault/failing_tap.hpp"
#include "tests/fault/recorder.hpp"
#include "tests/fault/scenario.hpp"
#include "tests/libfabric/store/fixture.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <memory>

using namespace fabric;
using namespace fabric::fault;
using namespace fabric::store;
using fabric::store::test::must;

/// The N-th call of SQLite to the operating system fails, for every N: what was acknowledged is there, what was not is
/// there as a whole or not at all, a full disk is survived, and after anything worse nobody is answered.
namespace {

constexpr int tries_max = 3; ///< Of a step that found the store locked.

bool has_disk_full(const batch_result& done) {
  return std::ranges::any_of(done.answers,
                             [](const answer& a) { return a.failure && a.failure->code == errc::disk_full; });
}

/// One life of a store whose calls fail, beside the twin that is right.
class life {
public:
  life(std::string path, failing_tap& faults) : path_(std::move(path)), faults_(faults) {}

  void live(const std::vector<step>& steps) {
    if (!open()) return;
    for (const auto& next : steps)
      if (!(next.restarts ? reopen() : take(next))) return;
  }

  /// The process ends.
  std::vector<std::string> judged() {
    store_.reset();
    faults_.stop();
    allowed_.insert(allowed_.begin(), twin_.contents());
    return judge(path_, allowed_, twin_.marks());
  }

  int refused() const { return refused_; }

private:
  bool open() {
    for (int i = 0; i < tries_max && !store_; ++i)
      if (auto made = sqlite_store::open(path_, scenario_options())) store_ = std::move(*made);
    return store_ != nullptr;
  }

  bool reopen() {
    store_.reset();
    return open();
  }

  /// @returns whether the process goes on.
  bool take(const step& next) {
    for (int i = 0; i < tries_max; ++i) {
      const auto done = store_->apply(next.ops, next.now);
      if (done) return accept(next, *done), true;
      if (done.error().code == errc::disk_full) return may_be_in(next), ++refused_, true;
      if (done.error().code == errc::unavailable) continue;
      CHECK(done.error().code == errc::io_error);
      may_be_in(next);
      faults_.stop();
      CHECK(store_->apply(next.ops, next.now).error().code == errc::io_error);
      CHECK(store_->load_lane("fast", 0, 10).error().code == errc::io_error);
      return false;
    }
    return false;
  }

  void accept(const step& next, const batch_result& done) {
    const bool low = has_disk_full(done);
    refused_ += low ? 1 : 0;
    twin_.apply(next, low);
    taken_.emplace_back(next, low);
    allowed_.clear();
  }

  /// Nobody was told that it is in; it may be, with and without what takes room.
  void may_be_in(const step& next) {
    for (const bool low : {false, true}) {
      twin other;
      for (const auto& [before, was_low] : taken_) other.apply(before, was_low);
      other.apply(next, low);
      allowed_.push_back(other.contents());
    }
  }

  std::string path_;
  failing_tap& faults_;
  std::unique_ptr<sqlite_store> store_;
  twin twin_;
  std::vector<std::pair<step, bool>> taken_; ///< And whether the disk was full.
  std::vector<std::string> allowed_;         ///< Beside the twin's.
  int refused_ = 0;
};

} // namespace

TEST_CASE("the file shrinks in the life whose calls fail", "[store]") {
  test::scratch home;
  recorder disk;
  const shim_vfs shim(disk);
  auto store = must(sqlite_store::open(home / "store.db", scenario_options()));
  for (const auto& next : rush_steps()) must(store->apply(next.ops, next.now));
  CHECK(disk.cut(home / "store.db") > 0);
  CHECK(disk.cut(home / "store.db-wal") > 0);
}

TEST_CASE("whatever call to the disk fails, what was acknowledged is kept and nothing is kept by halves", "[store]") {
  const auto [kind, name, onwards] = GENERATE(table<fault_kind, std::string, bool>({
      {fault_kind::io, "io", false},
      {fault_kind::full, "full", false},
      {fault_kind::full, "full", true},
      {fault_kind::torn_write, "torn write", false},
      {fault_kind::torn_read, "torn read", false},
      {fault_kind::busy, "busy", false},
  }));
  const auto steps = GENERATE(false, true) ? rush_steps() : draw_steps(7, 6);
  int refused = 0, nth = 0;
  for (bool failed = true; failed;) {
    test::scratch home;
    failing_tap faults(kind, ++nth, onwards);
    const shim_vfs shim(faults);
    life one(home / "store.db", faults);
    one.live(steps);
    const auto wrong = one.judged();
    refused += one.refused();
    failed = faults.has_failed();
    INFO(name << (onwards ? " from call " : " at call ") << nth);
    CHECK(wrong == std::vector<std::string>{});
  }
  CHECK(nth > 20);
  if (kind == fault_kind::full) CHECK(refused > 10);
}
