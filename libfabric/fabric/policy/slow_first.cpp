#include "fabric/policy/slow_first.hpp"

namespace fabric::policy {

std::string slow_first::place(const job_facts&, const view&, double) const { return lanes_.last(); }

timeout_decision slow_first::on_timeout(const job_facts& job, const std::string& lane, const view&) const {
  // The lane it came from may be gone from the config by now.
  const bool can_return = lanes_.find(job.overflow_from) != nullptr;
  return lanes_.on_timeout(lane, can_return ? job.overflow_from : lanes_.last());
}

std::vector<std::string> slow_first::overflow(const std::string& lane, const view&) const {
  return lanes_.slower(lane);
}

std::vector<std::string> slow_first::helpers(const std::string& lane) const { return lanes_.faster(lane); }

} // namespace fabric::policy
