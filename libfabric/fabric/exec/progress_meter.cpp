#include "fabric/exec/progress_meter.hpp"

#include "fabric/job/strict_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace fabric::exec {

bool progress_meter::has_room(std::int64_t now) const {
  return kept_ < kept_at_.size() || now - kept_at_[kept_ % kept_at_.size()] >= bounds::second;
}

std::uint64_t progress_meter::hear(std::string_view bytes, std::int64_t now) {
  const auto before = lines_;
  while (!bytes.empty()) {
    if (!has_room(now)) bytes = skip_to_last(bytes);
    const auto end = bytes.find('\n');
    extend(bytes.substr(0, end));
    if (end == bytes.npos) break;
    take(now);
    bytes.remove_prefix(end + 1);
  }
  return lines_ - before;
}

/// Only the last whole line counts: the ones before it are not even looked at.
std::string_view progress_meter::skip_to_last(std::string_view bytes) {
  const auto end = bytes.rfind('\n');
  if (end == bytes.npos || end == 0) return bytes;
  const auto before = bytes.rfind('\n', end - 1);
  if (before == bytes.npos) return bytes;
  const auto* const begin = bytes.data() + before + 1;
  lines_ += static_cast<std::uint64_t>(std::count(bytes.data(), begin, '\n'));
  line_.clear();
  return bytes.substr(before + 1);
}

void progress_meter::extend(std::string_view bytes) {
  line_.append(bytes.substr(0, bounds::progress_line - line_.size()));
}

void progress_meter::take(std::int64_t now) {
  ++lines_;
  const auto line = std::exchange(line_, {});
  if (trimmed(line).empty()) return;
  if (has_room(now)) return keep(line, now, now);
  waiting_ = line;
  waiting_at_ = now;
}

void progress_meter::keep(std::string_view line, std::int64_t said_at, std::int64_t now) {
  take_line(state_, line);
  at_ = said_at;
  kept_at_[kept_++ % kept_at_.size()] = now;
  changed_ = true;
  waiting_.reset();
}

void progress_meter::finish(std::int64_t now) {
  if (!line_.empty()) take(now);
  if (waiting_) keep(std::string(*waiting_), waiting_at_, now);
}

std::optional<progress_said> progress_meter::news(std::int64_t now) {
  if (waiting_ && has_room(now)) keep(std::string(*waiting_), waiting_at_, now);
  if (!changed_ || now < told_at_ + bounds::progress_pace) return std::nullopt;
  changed_ = false;
  told_at_ = now;
  return newest();
}

std::int64_t progress_meter::next_due() const {
  std::int64_t due = changed_ ? told_at_ + bounds::progress_pace : 0;
  if (!waiting_) return due;
  const auto room = kept_at_[kept_ % kept_at_.size()] + bounds::second;
  return due == 0 ? room : std::min(due, room);
}

std::optional<progress_said> progress_meter::newest() const {
  if (kept_ == 0) return std::nullopt;
  auto state = to_json(state_);
  state["lines"] = lines_;
  state["kept"] = kept_;
  return progress_said{json_text(state), at_};
}

} // namespace fabric::exec
