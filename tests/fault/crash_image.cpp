#include "tests/fault/crash_image.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

namespace fabric::fault {

namespace {

constexpr std::size_t sector = 512;

/// One file's content on disk, and what was done to it since the last sync.
struct content {
  std::string synced;
  std::vector<const record*> pending;
};
using content_ptr = std::shared_ptr<content>;

void resize(std::string& text, std::size_t size) { text.resize(size, '\0'); }

void put(std::string& text, std::size_t at, std::string_view bytes) {
  if (bytes.empty()) return;
  if (text.size() < at + bytes.size()) resize(text, at + bytes.size());
  std::ranges::copy(bytes, text.begin() + static_cast<std::ptrdiff_t>(at));
}

void apply(std::string& text, const record& change) {
  const auto at = static_cast<std::size_t>(change.offset);
  if (change.what == record::kind::truncate)
    resize(text, at);
  else
    put(text, at, change.bytes);
}

class disk {
public:
  explicit disk(const files& before) {
    for (const auto& [path, bytes] : before) names_[path] = std::make_shared<content>(content{bytes, {}});
    synced_names_ = names_;
  }

  void take(const record& r) {
    switch (r.what) {
    case record::kind::mark: return;
    case record::kind::open:
      if (!names_.contains(r.path)) rename(r.path, std::make_shared<content>());
      return;
    case record::kind::remove: rename(r.path, nullptr); break;
    case record::kind::write:
    case record::kind::truncate: names_.at(r.path)->pending.push_back(&r); break;
    case record::kind::sync: sync(*names_.at(r.path)); break;
    }
    if (!r.syncs_directory) return;
    synced_names_ = names_;
    renamed_.clear();
  }

  files crash(dice& draw) const;

private:
  void rename(const std::string& path, content_ptr to) {
    if (to)
      names_[path] = to;
    else
      names_.erase(path);
    renamed_.emplace_back(path, std::move(to));
  }

  static void sync(content& what) {
    for (const auto* change : what.pending) apply(what.synced, *change);
    what.pending.clear();
  }

  std::map<std::string, content_ptr> names_, synced_names_;
  std::vector<std::pair<std::string, content_ptr>> renamed_; ///< Since the directory was synced; null: removed.
};

/// Decides what of the unsynced is there: in some crashes nearly all, in some nearly nothing.
class fortune {
public:
  explicit fortune(dice& draw) : draw_(draw), kept_percent_(std::array{3, 50, 97}[draw() % 3]) {}
  bool keeps() { return draw_() % 100 < static_cast<std::uint64_t>(kept_percent_); }
  bool tears() { return draw_() % 16 == 0; }
  std::size_t up_to(std::size_t n) { return draw_() % (n + 1); }

private:
  dice& draw_;
  int kept_percent_;
};

void write_some(std::string& text, const record& change, fortune& luck) {
  const auto begin = static_cast<std::size_t>(change.offset);
  const auto end = begin + change.bytes.size();
  for (auto at = begin; at < end;) {
    const auto next = std::min(end, (at / sector + 1) * sector);
    auto bytes = std::string_view(change.bytes).substr(at - begin, next - at);
    if (luck.tears())
      put(text, at, bytes.substr(0, luck.up_to(bytes.size())));
    else if (luck.keeps())
      put(text, at, bytes);
    at = next;
  }
  if (text.size() < end && luck.up_to(2) == 0) resize(text, end); // The size is there, the data is not.
}

std::string remains_of(const content& what, fortune& luck) {
  auto text = what.synced;
  for (const auto* change : what.pending) {
    if (change->what == record::kind::write)
      write_some(text, *change, luck);
    else if (luck.keeps())
      apply(text, *change);
  }
  return text;
}

files disk::crash(dice& draw) const {
  fortune luck(draw);
  auto names = synced_names_;
  const auto reached = luck.up_to(renamed_.size());
  for (std::size_t i = 0; i < reached; ++i) {
    if (renamed_[i].second)
      names[renamed_[i].first] = renamed_[i].second;
    else
      names.erase(renamed_[i].first);
  }
  files left;
  for (const auto& [path, what] : names) left[path] = remains_of(*what, luck);
  return left;
}

} // namespace

files crash_image(const files& before, std::span<const record> log, dice& draw) {
  disk d(before);
  for (const auto& one : log) d.take(one);
  return d.crash(draw);
}

} // namespace fabric::fault
