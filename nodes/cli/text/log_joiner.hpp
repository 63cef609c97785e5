#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Pieces of a job's output, cut again so that no character is torn. Pure.
namespace fabric::cli {

/// What can be shown.
struct log_chunk {
  std::uint64_t offset = 0;  ///< Of the first byte, in the file.
  std::uint64_t skipped = 0; ///< Bytes in front of it that the output cap has cut out.
  std::string text;          ///< Empty only behind a cut.
};

/// Holds back the beginning of a character until the rest of it comes, or until it is certain that none will.
class log_joiner {
public:
  /// @param last nothing follows these bytes.
  std::vector<log_chunk> feed(std::uint64_t offset, std::uint64_t skipped, std::string_view bytes, bool last);

private:
  std::string held_;
  std::uint64_t held_at_ = 0;
};

} // namespace fabric::cli
