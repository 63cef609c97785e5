#pragma once

#include "nodes/cli/text/doctor.hpp"

#include <string>

/// What `fabric doctor` measures and looks up on this host.
namespace fabric::cli {

/// @param data the node's data directory; a file is made there for a moment, to measure fsync.
/// @param tls the directory of its certificates.
host_facts examine_host(const config::root& config, const std::string& data, const std::string& tls);

/// The node's certificate, the command line's and the authority's, as far as there are any. In certificate_facts.cpp.
std::vector<certificate_state> look_at_certificates(const std::string& directory);

} // namespace fabric::cli
