#pragma once

#include "fabric/config/config.hpp"

#include "nodes/cli/session.hpp"

#include <optional>
#include <string>

/// Which node of this host a tool is about.
namespace fabric::cli {

/// The configuration that --config names, or the defaults; nullopt after saying what is wrong with it.
std::optional<config::root> config_of(session& s);

/// Path of the store: in --data, else in the configuration's data directory.
std::string store_path(const session& s, const config::root& config);

/// Directory of the node's certificates: the configuration's, else in the data directory.
std::string tls_directory(const session& s, const config::root& config);

} // namespace fabric::cli
