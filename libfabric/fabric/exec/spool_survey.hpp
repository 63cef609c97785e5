#pragma once

#include "fabric/error.hpp"
#include "fabric/node/spool_retention.hpp"

#include <string>
#include <vector>

/// What is in a spool. Reads directories; any thread.
namespace fabric::exec {

struct spool_survey {
  std::vector<node::spool_entry> attempts; ///< All of them, running ones and checkpoints included, in no order.
  node::spool_totals totals;
};

/// Walks the attempts' directories. What vanishes meanwhile is left out. errc::io_error if the spool cannot be read.
expected<spool_survey> survey_spool(const std::string& spool);

} // namespace fabric::exec
