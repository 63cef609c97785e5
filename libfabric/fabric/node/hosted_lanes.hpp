#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Which of the cell's lanes live on a node that joined. Pure.
namespace fabric::node {

class hosted_lanes {
public:
  /// From now on these. @returns those that lived here before and end.
  std::vector<std::string> host(const std::vector<std::string>& lanes);

  bool lives_here(std::string_view lane) const { return lanes_.contains(lane); }

  /// Whether what the cell says of this name is news: of a lane that lives here the node itself knows more.
  bool is_news(std::string_view name) const;

private:
  std::set<std::string, std::less<>> lanes_;
};

} // namespace fabric::node
