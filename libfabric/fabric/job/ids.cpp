#include "fabric/job/ids.hpp"

#include "fabric/invariant.hpp"

#include <limits>

namespace fabric {

namespace {

constexpr std::uint64_t largest_id = std::numeric_limits<std::int64_t>::max();

} // namespace

id_block::id_block(std::uint64_t high_water, std::uint64_t block_size)
    : last_(high_water), mark_(high_water), saved_(high_water), block_size_(block_size) {
  invariant(block_size_ >= 1 && block_size_ <= largest_id);
  invariant(high_water <= largest_id);
}

std::uint64_t id_block::take() {
  if (last_ == mark_) {
    invariant(mark_ <= largest_id - block_size_);
    mark_ += block_size_;
  }
  return ++last_;
}

std::optional<std::uint64_t> id_block::unsaved_mark() const {
  return mark_ == saved_ ? std::nullopt : std::optional(mark_);
}

void id_block::committed() {
  invariant(last_ <= mark_);
  saved_ = mark_;
}

} // namespace fabric
