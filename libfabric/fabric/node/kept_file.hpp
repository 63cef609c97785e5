#pragma once

#include <cstdint>
#include <string>

/// One thing in a job's checkpoint directory, as it is told to another node.
namespace fabric::node {

enum class kept_kind : std::uint8_t { directory, file, link };
inline constexpr auto last_kept_kind = kept_kind::link;

struct kept_file {
  std::string path; ///< Below the directory, parts divided by "/". A directory comes before what is in it.
  kept_kind what = kept_kind::file;
  std::uint32_t mode = 0; ///< Permission bits, 0 to 0777.
  std::uint64_t size = 0; ///< Of a file, in bytes.
  std::string target{};   ///< Of a link.

  bool operator==(const kept_file&) const = default;
};

} // namespace fabric::node
