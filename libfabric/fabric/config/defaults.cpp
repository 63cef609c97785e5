#include "fabric/config/config.hpp"

namespace fabric::config {

root defaults() {
  lane fast;
  fast.name = "fast";
  fast.slots = 3;
  fast.budget = 60s;
  lane slow;
  slow.name = "slow";
  root all;
  all.lanes = {fast, slow};
  return all;
}

} // namespace fabric::config
