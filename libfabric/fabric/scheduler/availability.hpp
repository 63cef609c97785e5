#pragma once

#include "fabric/config/config.hpp"
#include "fabric/lane/lane.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>

/// Which classes nobody can run. Pure.
namespace fabric::scheduler {

/// Configured classes for which no lane has a slot, by what the lanes last said. None while a configured lane has not
/// heard a worker yet: it may be the one that can run them. A lane configured without slots can run nothing; one whose
/// node is drained, or short of memory, offers none for now.
std::set<std::string, std::less<>> unavailable_classes(const config::root& all,
                                                       const std::map<std::string, lane::status>& lanes);

} // namespace fabric::scheduler
