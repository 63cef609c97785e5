#include "fabric/node/hosted_lanes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fabric::node {

std::vector<std::string> hosted_lanes::host(const std::vector<std::string>& lanes) {
  const auto before = std::exchange(lanes_, {lanes.begin(), lanes.end()});
  std::vector<std::string> over;
  std::copy_if(before.begin(), before.end(), std::back_inserter(over),
               [this](const std::string& lane) { return !lives_here(lane); });
  return over;
}

bool hosted_lanes::is_news(std::string_view name) const {
  constexpr std::string_view prefix = "lane/";
  return !name.starts_with(prefix) || !lives_here(name.substr(prefix.size()));
}

} // namespace fabric::node
