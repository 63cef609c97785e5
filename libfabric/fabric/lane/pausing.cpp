#include "fabric/lane/state.hpp"

/// What an operator's pause does to the lane. Whether there is one, the store decides: the lane hears of it from its
/// feed and from the answer to its opening.
namespace fabric::lane {

void machine::state::set_pause(const std::optional<lane_pause>& wished) {
  pause = wished;
  arm_pause();
}

/// Also when the lane begins to serve: the end may have been due before.
void machine::state::arm_pause() {
  if (pause && pause->until != no_time)
    alarms.set(timer_kind::pause, 0, pause->until);
  else
    alarms.cancel(timer_kind::pause, 0);
}

/// Its time is over. A pause that was made since then has another beginning and stays.
void machine::state::end_pause() {
  if (!serving() || !pause) return;
  ask({store::set_pause{how.name, {}, pause->since}, 0, 0, {}, false, false});
}

/// If the pause is another one by now, the feed says so.
void machine::state::settle(const store::set_pause&, const unanswered&, const store::answer& reply) {
  if (reply.failure && reply.failure->code != errc::wrong_state) alarms.set(timer_kind::pause, 0, now + how.resend);
}

} // namespace fabric::lane
