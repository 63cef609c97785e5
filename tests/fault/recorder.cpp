#include "tests/fault/recorder.hpp"

#include <algorithm>

namespace fabric::fault {

namespace {

std::optional<record::kind> kind_of(const call& what) {
  switch (what.kind) {
  case call_kind::open: return record::kind::open;
  case call_kind::remove: return record::kind::remove;
  case call_kind::write: return record::kind::write;
  case call_kind::truncate: return record::kind::truncate;
  case call_kind::sync: return record::kind::sync;
  default: return std::nullopt;
  }
}

} // namespace

void recorder::mark(std::int64_t number) { log_.push_back({record::kind::mark, {}, number}); }

int recorder::cut(const std::string& path) const {
  int times = 0;
  std::int64_t size = 0;
  for (const auto& one : log_) {
    if (one.path != path) continue;
    if (one.what == record::kind::write)
      size = std::max(size, one.offset + static_cast<std::int64_t>(one.bytes.size()));
    if (one.what != record::kind::truncate) continue;
    times += one.offset < size ? 1 : 0;
    size = one.offset;
  }
  return times;
}

void recorder::succeeded(const call& what) {
  if (const auto kind = kind_of(what))
    log_.push_back({*kind, std::string(what.path), what.offset, std::string(what.bytes.data(), what.bytes.size()),
                    what.syncs_directory});
}

std::optional<std::string> deceived_recorder::on_pragma(std::string_view name, char* argument) {
  if (name != "synchronous") return std::nullopt;
  if (argument == nullptr) return "2";
  argument[0] = level_; // SQLite goes on with this text.
  argument[1] = '\0';
  return std::nullopt;
}

} // namespace fabric::fault
