#include "nodes/fabricd/assembly/child_table.hpp"

namespace fabric::nodes {

data_paths::data_paths(const std::string& data)
    : store(data + "/store.db"), spool(data + "/spool"), socket(data + "/runner.sock"),
      ledger(data + "/runner.ledger") {}

} // namespace fabric::nodes
