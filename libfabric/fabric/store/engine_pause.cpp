#include "fabric/store/engine.hpp"
#include "fabric/time_text.hpp"

namespace fabric::store {

namespace {

std::string text_of(const lane_pause& p) {
  return p.until == no_time ? p.reason : p.reason + " (until " + format_time(p.until) + ")";
}

} // namespace

answer engine::on(const set_pause& op) {
  answer reply;
  auto& known = numbers_.lanes[op.lane].pause;
  const bool another = op.only_since && (!known || known->since != *op.only_since);
  if (another || (!op.wished && !known)) {
    reply.failure = error{errc::wrong_state, "lane " + op.lane + " is not paused", op.lane};
    return reply;
  }
  known = op.wished;
  journal_.paused(op.lane, known);
  event what;
  what.kind = known ? "lane_paused" : "lane_resumed";
  what.lane = op.lane;
  if (known)
    what.text = text_of(*known);
  else
    what.text = op.only_since ? "its time was over" : "by an operator";
  journal_.tell(std::move(what));
  return reply;
}

} // namespace fabric::store
