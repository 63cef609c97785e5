#pragma once

#include "tests/fault/crash_image.hpp"
#include "tests/fault/scenario.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// One recorded life of a store, and crashes at random instants of it.
namespace fabric::fault {

class crash_run {
public:
  /// Runs a scenario of `seed` with the recorder, in a directory of its own.
  explicit crash_run(std::uint64_t seed, std::unique_ptr<recorder> disk = std::make_unique<recorder>());

  /// Crashes at an instant that `seed` draws, in a third of the cases once more while the store starts again, and
  /// opens what is left. @returns what is wrong with it; empty if nothing is.
  std::vector<std::string> crash(std::uint64_t seed) const;

  /// Whether the store's file became shorter in this life.
  bool shrank() const;

private:
  struct truth {
    std::string contents;
    high_water marks;
  };
  /// What may be found after a crash at this place of the log.
  std::pair<std::vector<std::string>, high_water> allowed_at(std::size_t place) const;

  std::string path_; ///< Of the store, while it was recorded.
  std::unique_ptr<recorder> disk_;
  std::vector<truth> after_; ///< Each number of acknowledged steps.
};

} // namespace fabric::fault
