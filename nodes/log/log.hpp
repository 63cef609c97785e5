#pragma once

#include "fabric/config/config.hpp"

#include <memory>

namespace spdlog {
class logger;
}

namespace fabric::nodes {

/// The log of a program: text or JSON lines on stderr. One event per line; control characters of what is logged are
/// escaped.
std::shared_ptr<spdlog::logger> make_log(const config::logging& how);

} // namespace fabric::nodes
