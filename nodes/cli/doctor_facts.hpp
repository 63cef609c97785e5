#pragma once

#include "nodes/cli/text/doctor.hpp"

#include <string>

/// What `fabric doctor` measures and looks up on this host.
namespace fabric::cli {

/// @param data the node's data directory; a file is made there for a moment, to measure fsync.
host_facts examine_host(const config::root& config, const std::string& data);

} // namespace fabric::cli
