#include "tests/fault/crash_run.hpp"

#include "tests/libfabric/store/fixture.hpp"

#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>

namespace fabric::fault {

using namespace store;

namespace {

constexpr int steps_count = 40;
using log_view = std::span<const record>;

/// Writes the files into another directory. The index of a log means nothing after a crash, whatever is in it.
void lay_out(const files& image, const test::scratch& home, dice& draw) {
  for (const auto& [path, bytes] : image)
    std::ofstream(home / std::filesystem::path(path).filename().string(), std::ios::binary) << bytes;
  if (draw() % 4 == 0) std::ofstream(home / "store.db-shm", std::ios::binary) << std::string(32 << 10, '\x5a');
}

log_view beginning(log_view log, dice& draw) { return log.first(draw() % (log.size() + 1)); }

/// The files after a second crash, while the store was opened, checked and closed.
files crash_again(const files& image, dice& draw) {
  const test::scratch home;
  lay_out(image, home, draw);
  recorder disk;
  {
    const shim_vfs shim(disk);
    test::must(sqlite_store::open(home / "store.db", scenario_options()));
  }
  files before;
  for (const auto& [path, bytes] : image) before[home / std::filesystem::path(path).filename().string()] = bytes;
  return crash_image(before, beginning(disk.log(), draw), draw);
}

} // namespace

crash_run::crash_run(std::uint64_t seed, std::unique_ptr<recorder> disk) : disk_(std::move(disk)) {
  const test::scratch home;
  path_ = home / "store.db";
  const shim_vfs shim(*disk_);
  twin right;
  after_.push_back({right.contents(), right.marks()});
  auto store = test::must(sqlite_store::open(path_, scenario_options()));
  for (const auto& next : draw_steps(seed, steps_count)) {
    if (next.restarts) {
      store.reset();
      store = test::must(sqlite_store::open(path_, scenario_options()));
    } else {
      test::must(store->apply(next.ops, next.now));
    }
    right.apply(next);
    disk_->mark(static_cast<std::int64_t>(after_.size()));
    after_.push_back({right.contents(), right.marks()});
  }
}

bool crash_run::shrank() const { return disk_->cut(path_) > 0; }

std::pair<std::vector<std::string>, high_water> crash_run::allowed_at(std::size_t place) const {
  std::size_t acknowledged = 0;
  for (const auto& one : log_view(disk_->log()).first(place))
    if (one.what == record::kind::mark) acknowledged = static_cast<std::size_t>(one.offset);
  std::vector<std::string> contents{after_[acknowledged].contents};
  if (acknowledged + 1 < after_.size()) contents.push_back(after_[acknowledged + 1].contents);
  return {contents, after_[acknowledged].marks};
}

std::vector<std::string> crash_run::crash(std::uint64_t seed) const {
  dice draw(seed);
  const auto log = beginning(disk_->log(), draw);
  const auto [contents, marks] = allowed_at(log.size());
  try {
    auto image = crash_image({}, log, draw);
    if (draw() % 3 == 0) image = crash_again(image, draw);
    const test::scratch home;
    lay_out(image, home, draw);
    tap nothing;
    const shim_vfs shim(nothing); // Real syncs would only take time.
    return judge(home / "store.db", contents, marks);
  } catch (const std::exception& e) {
    return {std::string("the first start after the crash: ") + e.what()};
  }
}

} // namespace fabric::fault
