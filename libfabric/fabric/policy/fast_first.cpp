#include "fabric/policy/fast_first.hpp"

namespace fabric::policy {

std::string fast_first::place(const job_facts&, const view&, double) const { return lanes_.first(); }

timeout_decision fast_first::on_timeout(const job_facts&, const std::string& lane, const view&) const {
  return lanes_.on_timeout(lane, lanes_.next(lane));
}

std::vector<std::string> fast_first::overflow(const std::string&, const view&) const { return {}; }

} // namespace fabric::policy
