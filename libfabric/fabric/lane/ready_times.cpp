#include "fabric/lane/ready_times.hpp"

#include "fabric/invariant.hpp"

namespace fabric::lane {

namespace {

constexpr auto shortest_span = std::chrono::milliseconds{100};

} // namespace

void ready_times::add(time_point at) {
  ++counts_[span_of(at)];
  if (counts_.size() <= spans_max) return;
  ++doubled_;
  std::map<std::int64_t, std::uint64_t> wider;
  for (const auto& [span, count] : counts_) wider[span >> 1] += count;
  counts_ = std::move(wider);
}

void ready_times::remove(time_point at) {
  const auto found = counts_.find(span_of(at));
  invariant(found != counts_.end());
  if (--found->second == 0) counts_.erase(found);
  if (counts_.empty()) doubled_ = 0;
}

void ready_times::clear() {
  counts_.clear();
  doubled_ = 0;
}

std::optional<time_point> ready_times::oldest() const {
  if (counts_.empty()) return std::nullopt;
  return time_point{shortest_span * (counts_.begin()->first << doubled_)};
}

std::int64_t ready_times::span_of(time_point at) const { return (at.time_since_epoch() / shortest_span) >> doubled_; }

} // namespace fabric::lane
