#include "fabric/job/states.hpp"

#include <array>
#include <utility>

namespace fabric {

namespace {

constexpr std::array<std::pair<job_state, std::string_view>, 7> state_names{{
    {job_state::waiting, "waiting"},
    {job_state::scheduled, "scheduled"},
    {job_state::ready, "ready"},
    {job_state::running, "running"},
    {job_state::succeeded, "succeeded"},
    {job_state::buried, "buried"},
    {job_state::cancelled, "cancelled"},
}};

constexpr std::array<std::pair<outcome, std::string_view>, 11> outcome_names{{
    {outcome::none, "none"},
    {outcome::succeeded, "succeeded"},
    {outcome::failed, "failed"},
    {outcome::timed_out, "timed_out"},
    {outcome::demoted, "demoted"},
    {outcome::checkpointed, "checkpointed"},
    {outcome::memory_exceeded, "memory_exceeded"},
    {outcome::crashed, "crashed"},
    {outcome::lost, "lost"},
    {outcome::drained, "drained"},
    {outcome::cancelled, "cancelled"},
}};

template <class Table, class Value> constexpr std::string_view name_in(const Table& table, Value value) noexcept {
  for (const auto& [known, name] : table)
    if (known == value) return name;
  return "unknown"; // Not an enumerator: a row or message of a newer version.
}

template <class Value, class Table>
constexpr std::optional<Value> value_in(const Table& table, std::string_view wanted) noexcept {
  for (const auto& [value, name] : table)
    if (name == wanted) return value;
  return std::nullopt;
}

} // namespace

std::string_view to_string(job_state s) noexcept { return name_in(state_names, s); }

std::string_view to_string(outcome o) noexcept { return name_in(outcome_names, o); }

std::optional<job_state> job_state_from(std::string_view name) noexcept {
  return value_in<job_state>(state_names, name);
}

std::optional<outcome> outcome_from(std::string_view name) noexcept { return value_in<outcome>(outcome_names, name); }

} // namespace fabric
