#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fabric::lane {

using name_id = std::uint32_t;

/// Strings as small numbers from 0, so that a waiting job does not carry them. Never forgets.
class names {
public:
  name_id intern(const std::string& name) {
    const auto [it, is_new] = ids_.try_emplace(name, static_cast<name_id>(by_id_.size()));
    if (is_new) by_id_.push_back(&it->first);
    return it->second;
  }

  const std::string& operator[](name_id id) const { return *by_id_[id]; }
  std::size_t size() const { return by_id_.size(); }

private:
  std::map<std::string, name_id> ids_;
  std::vector<const std::string*> by_id_;
};

} // namespace fabric::lane
