#include "fabric/exec/stop_plan.hpp"

#include "fabric/exec/bounds.hpp"

#include <algorithm>

namespace fabric::exec {

namespace {

std::string words(const char* what, stop_reason why) { return std::string(what) + std::string(to_string(why)); }

} // namespace

stop_plan::stop_plan(const stop_terms& terms, std::int64_t now) : terms_(terms), alive_at_(terms.started_us) {
  plan_warning(now);
}

void stop_plan::plan_warning(std::int64_t now) {
  const auto length = terms_.deadline_us - now;
  warn_at_ = length >= bounds::soft_lease ? terms_.deadline_us - length / 5 : 0;
}

void stop_plan::extend(std::int64_t deadline_us, std::int64_t now) {
  if (killing_ || deadline_us <= terms_.deadline_us) return;
  terms_.deadline_us = deadline_us;
  plan_warning(now);
}

void stop_plan::alive(std::int64_t now) {
  if (asked_ == stop_reason::stall) return; // Too late.
  silence_ = silence(now);
  alive_at_ = now;
  was_alive_ = true;
}

std::int64_t stop_plan::silence(std::int64_t now) const {
  return asked_ == stop_reason::stall ? silence_ : std::max(silence_, now - alive_at_);
}

stop_action stop_plan::stop(stop_reason why, std::int64_t grace_us, std::int64_t now) {
  if (killing_ || why == stop_reason::none) return {};
  return ask(why, grace_us, now);
}

stop_action stop_plan::ask(stop_reason why, std::int64_t grace_us, std::int64_t now) {
  const bool stronger = why == stop_reason::cancel && (asked_ == stop_reason::budget || asked_ == stop_reason::drain);
  const bool first = asked_ == stop_reason::none;
  const bool news = first || stronger;
  if (news) asked_ = why;
  if (grace_us <= 0) return kill(asked_, words("killed: ", why));
  const auto until = now + std::min(grace_us, bounds::grace_max);
  kill_at_ = first ? until : std::min(kill_at_, until);
  return {first, false, news ? words("asked to stop: ", why) : std::string()};
}

stop_action stop_plan::kill(stop_reason why, std::string note) {
  if (asked_ == stop_reason::none) asked_ = why;
  killing_ = true;
  return {false, true, std::move(note)};
}

stop_action stop_plan::tick(std::int64_t now) {
  if (killing_) return {};
  if (now >= terms_.deadline_us) return kill(stop_reason::lease, words("killed: ", stop_reason::lease));
  if (kill_at_ != 0 && now >= kill_at_) return kill(asked_, "killed: the grace period is over");
  if (terms_.wall_us > 0 && !wall_over_ && now >= terms_.started_us + terms_.wall_us) {
    wall_over_ = true;
    return ask(stop_reason::wall, terms_.grace_us, now);
  }
  if (const auto due = stall_due(); due && now >= *due) {
    silence_ = now - alive_at_;
    return ask(stop_reason::stall, terms_.grace_us, now);
  }
  if (warned_until_ != 0 && now >= warned_until_) warned_until_ = 0; // It shrugged the warning off.
  if (warn_at_ == 0 || now < warn_at_) return {};
  warn_at_ = 0;
  if (asked_ != stop_reason::none) return {};
  warned_until_ = terms_.deadline_us;
  return {true, false, "warned: the lease is not renewed"};
}

/// One that was asked to stop may be busy with that.
std::optional<std::int64_t> stop_plan::stall_due() const {
  if (terms_.stall_us <= 0 || asked_ != stop_reason::none) return std::nullopt;
  return alive_at_ + terms_.stall_us;
}

std::optional<std::int64_t> stop_plan::next_due() const {
  if (killing_) return std::nullopt;
  auto due = terms_.deadline_us;
  for (const auto at : {kill_at_, warn_at_, warned_until_})
    if (at != 0) due = std::min(due, at);
  if (terms_.wall_us > 0 && !wall_over_) due = std::min(due, terms_.started_us + terms_.wall_us);
  if (const auto stall = stall_due()) due = std::min(due, *stall);
  return due;
}

} // namespace fabric::exec
