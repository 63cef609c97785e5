#include "fabric/lane/lane.hpp"

namespace fabric::lane {

namespace {

job_id job_in(const store::operation& op) {
  return std::visit(
      []<class Op>(const Op& one) -> job_id {
        if constexpr (requires { one.id; })
          return one.id;
        else
          return 0;
      },
      op);
}

job_id job_in(const ask_store& e) { return job_in(e.op); }
job_id job_in(const tell_start& e) { return e.order.job; }
job_id job_in(const lease_began& e) { return e.id; }
job_id job_in(const ask_carry& e) { return e.id; }
job_id job_in(const tell_take& e) { return e.order.job; }
job_id job_in(const finished& e) { return e.job.id; }
job_id job_in(const alarm& e) { return e.id; }
template <class Other> job_id job_in(const Other&) { return 0; }

} // namespace

job_id job_of(const effect& what) {
  return std::visit([](const auto& e) { return job_in(e); }, what);
}

} // namespace fabric::lane
