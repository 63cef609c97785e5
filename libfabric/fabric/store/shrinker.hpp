#pragma once

#include <cstdint>

/// When a store's file gives free pages back to the file system. Decides; `sqlite_upkeep` does it.
namespace fabric::store {

struct file_pages {
  std::uint64_t all = 0;
  std::uint64_t free = 0; ///< Of all; the next rows take them before the file grows.
};

class shrinker {
public:
  struct rules {
    std::uint64_t many = 4096;  ///< It begins above so many free pages (16 MiB) …
    std::uint64_t share = 4;    ///< … if they are more than one in `share` of the file, too.
    std::uint64_t leave = 1024; ///< It ends when so many are left (4 MiB), so that it does not begin again soon.
  };

  explicit shrinker(rules how) : how_(how) {}

  /// @returns how many pages are to be given back from now on; 0: the file is as it should be.
  std::uint64_t wanted(file_pages found);

private:
  rules how_;
  bool at_it_ = false;
};

} // namespace fabric::store
