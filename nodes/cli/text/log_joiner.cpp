#include "nodes/cli/text/log_joiner.hpp"

#include "nodes/cli/text/printable.hpp"

#include <utility>

namespace fabric::cli {

std::vector<log_chunk> log_joiner::feed(std::uint64_t offset, std::uint64_t skipped, std::string_view bytes,
                                        bool last) {
  std::vector<log_chunk> out;
  // The rest of what is held was cut out.
  if (skipped > 0 && !held_.empty()) out.push_back({held_at_, 0, std::exchange(held_, {})});
  if (held_.empty()) held_at_ = offset;
  held_ += bytes;
  const auto ready = last ? held_.size() : whole_characters(held_);
  if (ready > 0 || skipped > 0) out.push_back({held_at_, skipped, held_.substr(0, ready)});
  held_.erase(0, ready);
  held_at_ += ready;
  return out;
}

} // namespace fabric::cli
