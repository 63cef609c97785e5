#include "fabric/node/joining.hpp"

#include "fabric/invariant.hpp"

#include <algorithm>
#include <utility>

namespace fabric::node {

joining::joining(joining_settings how) : how_(std::move(how)), session_(how_.first_session), wait_(how_.retry_first) {
  invariant(!how_.where.empty());
}

joining_effects joining::handle(const joining_event& what, time_point now) {
  joining_effects out;
  std::visit([&](const auto& e) { on(e, now, out); }, what);
  return out;
}

/// The draw spreads the nodes of a cell whose scheduler comes back: else all of them dial in the same moment.
void joining::on(const joining_tick& e, time_point now, joining_effects& out) {
  if (phase_ != phase::away || !next_ || now < *next_) return;
  draw_ = e.draw;
  phase_ = phase::dialing;
  next_.reset();
  out.emplace_back(dial{++session_, how_.where[turn_]});
}

void joining::on(const cell_reached& e, time_point, joining_effects& out) {
  if (e.session != session_ || phase_ != phase::dialing) return;
  phase_ = phase::greeting;
  out.emplace_back(say_hello{session_});
}

void joining::on(const cell_failed& e, time_point now, joining_effects& out) {
  if (e.session != session_ || phase_ == phase::away || phase_ == phase::joined) return;
  auto text = "cannot join the cell at " + how_.where[turn_] + ": " + render(e.why);
  if (std::exchange(said_, text) != text) out.emplace_back(joining_news{std::move(text), true});
  turn_ = (turn_ + 1) % how_.where.size();
  retreat(now);
}

void joining::on(const cell_welcomed& e, time_point, joining_effects& out) {
  if (e.session != session_ || phase_ != phase::greeting) return;
  phase_ = phase::joined;
  wait_ = how_.retry_first;
  said_.clear();
  out.emplace_back(joining_news{"joined the cell at " + how_.where[turn_]});
}

void joining::on(const cell_lost& e, time_point now, joining_effects& out) {
  if (e.session != session_ || phase_ != phase::joined) return;
  out.emplace_back(joining_news{"lost the cell at " + how_.where[turn_], true});
  retreat(now);
}

/// As a hello after a loss, without the wait: the connection is there.
void joining::on(const card_changed&, time_point, joining_effects& out) {
  if (phase_ != phase::joined) return; // The next hello says it.
  phase_ = phase::greeting;
  out.emplace_back(say_hello{++session_});
}

void joining::retreat(time_point now) {
  phase_ = phase::away;
  next_ = now + wait_ + std::chrono::duration_cast<duration>(wait_ * (how_.jitter * draw_));
  wait_ = std::min(wait_ * 2, how_.retry_max);
}

} // namespace fabric::node
