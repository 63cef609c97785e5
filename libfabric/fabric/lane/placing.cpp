#include "fabric/lane/state.hpp"

namespace fabric::lane {

std::optional<job_place> machine::state::place_of(job_id id) {
  const auto* const j = jobs.find(id);
  if (!serving() || j == nullptr) return std::nullopt;
  job_place found;
  found.version = j->second.version;
  found.asked = j->second.where == place::asked_ready || j->second.where == place::asked_due;
  found.refused_work = refused_work;
  if (j->second.where != place::ready) return found;
  for (const auto& other : jobs) {
    if (other.second.where != place::ready || !jobs.before(other, *j)) continue;
    ++found.ahead;
    if (other.second.priority < j->second.priority) ++found.more_urgent;
    if (other.second.job_class == j->second.job_class) ++found.of_its_class;
  }
  return found;
}

/// Dispatch leaves none of these: if there is one, something holds it up.
bool machine::state::is_startable() const {
  for (name_id c = 0; c < classes.size(); ++c)
    if (jobs.best(c) != nullptr && slots.choose(c) != nullptr) return true;
  return false;
}

} // namespace fabric::lane
