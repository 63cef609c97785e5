#pragma once

#include "fabric/store/pruner.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

/// Watches the free space of the store's disk, and holds a reserve that is given up so that ends still commit.
namespace fabric::store {

/// Free bytes for this user on the file system of a path; nullopt if it cannot be said.
using free_space_fn = std::function<std::optional<std::uint64_t>(const std::string& path)>;

std::optional<std::uint64_t> free_space(const std::string& path);

class space_guard {
public:
  struct settings {
    std::string reserve_path;
    std::uint64_t low = 0;     ///< Below this much free space `is_low`.
    std::uint64_t reserve = 0; ///< Size of the reserve file; 0: none.
    free_space_fn free;
    steady_clock_fn clock;
  };

  /// Makes the reserve file if there is room for it beside `low`.
  explicit space_guard(settings how);

  /// Asks the file system at most every 200 ms. Makes the reserve anew once there is room again.
  bool is_low();

  /// Gives the reserve up. @returns whether there was one.
  bool release();

  bool has_reserve() const;

private:
  void make_reserve(std::uint64_t free_bytes);

  settings how_;
  std::optional<std::chrono::steady_clock::time_point> checked_;
  bool low_ = false;
};

} // namespace fabric::store
