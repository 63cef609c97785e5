#include "fabric/invariant.hpp"
#include "fabric/lane/state.hpp"

namespace fabric::lane {

machine::machine(settings how, std::shared_ptr<policy::lane_policy> policy, std::uint64_t seed)
    : state_(std::make_unique<state>(std::move(how), std::move(policy), seed)) {}
machine::~machine() = default;
machine::machine(machine&&) noexcept = default;
machine& machine::operator=(machine&&) noexcept = default;

effects machine::handle(const event& what, time_point now) { return state_->turn(what, now); }
std::optional<time_point> machine::wake_at() const { return state_->wake_at(); }
status machine::report(time_point now) const { return state_->report(now); }

std::optional<job_place> machine::place_of(job_id id) const { return state_->place_of(id); }

job_id machine::current_job() const { return state_->current; }

machine::state::state(settings settings_, std::shared_ptr<policy::lane_policy> policy_, std::uint64_t seed)
    : how(std::move(settings_)), policy(std::move(policy_)), random(seed), jobs(classes, how.demoted_first) {
  invariant(policy != nullptr && !how.name.empty() && how.page > 0);
  takes_from = policy->overflow(how.name, view);
}

effects machine::state::turn(const event& what, time_point instant) {
  now = instant;
  out.clear();
  current = 0;
  take(what);
  current = 0; // Each step names its jobs itself; between them none is to blame.
  run_timers();
  end_of_turn();
  current = 0;
  return std::move(out);
}

void machine::state::take(const event& what) {
  std::visit(
      [&]<class Event>(const Event& e) {
        constexpr bool is_always =
            std::is_same_v<Event, open> || std::is_same_v<Event, page> || std::is_same_v<Event, feed> ||
            std::is_same_v<Event, answered> || std::is_same_v<Event, view_changed> || std::is_same_v<Event, tick> ||
            std::is_same_v<Event, carry_asked> || std::is_same_v<Event, carry_refused> ||
            std::is_same_v<Event, absent> || std::is_same_v<Event, reconfigured> || std::is_same_v<Event, retired>;
        if (is_always || serving()) {
          on(e);
        } else {
          keep_early(what);
        }
      },
      what);
}

void machine::state::on(const view_changed& e) {
  view = e.now;
  if (!is_retired) takes_from = policy->overflow(how.name, view);
}

void machine::state::run_timers() {
  while (const auto due = alarms.pop(now)) {
    const auto [kind, key] = *due;
    auto* const a = attempt_of(kind, key);
    current = a != nullptr ? a->job : 0;
    switch (kind) {
    case timer_kind::budget:
      if (a != nullptr) budget_over(*a);
      break;
    case timer_kind::answer: repeat(key); break;
    case timer_kind::start:
      if (a != nullptr) send_start(*a);
      break;
    case timer_kind::stop:
      if (a != nullptr) stop(*a, a->stopping, how.grace);
      break;
    case timer_kind::doubt:
      if (a != nullptr) give_up(*a);
      break;
    case timer_kind::load: load_late(); break;
    case timer_kind::verify: verify(key); break;
    case timer_kind::offer: make_offers(true); break;
    case timer_kind::resume: refused_work = false; break;
    case timer_kind::pause: end_pause(); break;
    case timer_kind::carry:
      if (a != nullptr) stop(*a, stop_reason::budget, how.grace);
      break;
    }
  }
}

live_attempt* machine::state::attempt_of(timer_kind kind, std::uint64_t key) {
  const bool has_fence = kind == timer_kind::budget || kind == timer_kind::start || kind == timer_kind::stop ||
                         kind == timer_kind::doubt || kind == timer_kind::carry;
  return has_fence ? attempts.find(key) : nullptr;
}

void machine::state::end_of_turn() {
  if (!serving()) return;
  for (const auto step : {&state::wake_due, &state::dispatch, &state::hand_back, &state::hand_over}) {
    current = 0;
    (this->*step)();
  }
  current = 0;
  make_offers(false);
}

std::optional<time_point> machine::state::wake_at() const {
  auto next = alarms.next();
  const auto* const due = jobs.next_due();
  if (serving() && !refused_work && due != nullptr && (!next || due->second.at < *next)) next = due->second.at;
  return next;
}

status machine::state::report(time_point instant) const {
  status s;
  s.name = how.name;
  s.serving = serving();
  s.ready = jobs.ready();
  s.scheduled = jobs.delayed();
  s.running = attempts.running();
  s.heard = slots.heard();
  s.slots = slots.slots();
  s.busy = slots.taken();
  s.offered = taken.slots();
  if (const auto since = jobs.oldest(); since && *since < instant) s.oldest_wait = instant - *since;
  s.epoch = epoch;
  s.classes = slots.classes();
  s.pause = pause;
  s.startable = is_startable();
  s.leasing = static_cast<std::uint32_t>(leases_asked.size());
  s.granted = granted;
  return s;
}

} // namespace fabric::lane
