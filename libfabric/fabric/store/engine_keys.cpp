#include "fabric/store/engine.hpp"
#include "fabric/time_text.hpp"

#include <utility>

/// Ordering keys: of the jobs of a key that have not ended only the first is in a lane, the others are waiting.
namespace fabric::store {

/// Jobs without a key pay nothing for it.
key_head engine::head_of(const job& row) {
  return row.ordering_key.empty() ? key_head{} : tables_.head_of(row.ordering_key);
}

/// After an operation that ended the first job of a key: the next one is in its lane from the same transaction on. The
/// end of one that waited moves nobody.
void engine::release_next() {
  const auto ended = journal_.take_ended();
  if (!ended) return;
  const auto head = head_of(*ended);
  const auto next = head.first ? tables_.find(*head.first) : std::nullopt;
  if (!next || next->row.state != job_state::waiting) return;
  auto released = apply_release(next->row, {false, head.free_at}, now_);
  if (!released) return;
  const stored_job after{std::move(*released), next->bytes};
  journal_.changed(*next, after);
  auto why = "job " + std::to_string(ended->id) + " of its key is " + std::string(to_string(ended->state));
  if (head.free_at > now_) why += ", but may still run until " + format_time(head.free_at);
  journal_.tell("released", after.row, std::move(why));
}

} // namespace fabric::store
