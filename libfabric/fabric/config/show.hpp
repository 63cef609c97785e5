#pragma once

#include "fabric/config/config.hpp"
#include "fabric/config/document.hpp"

#include <string>
#include <vector>

/// The configuration in force, and which of it the operator wrote. Pure.
namespace fabric::config {

/// Every option as JSON, with a comment behind each value that `from` names: its line there, or who set it. What comes
/// out can be loaded, and gives `all` again.
std::string show(const root& all, const document& from);

/// JSON pointers of the values (no objects or arrays) that `from` names and that are in force, in the order of `show`.
std::vector<std::string> values_set(const root& all, const document& from);

} // namespace fabric::config
