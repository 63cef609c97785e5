#include "nodes/cli/input.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace fabric::cli {

expected<std::string> read_all(const std::string& name, std::size_t bytes_max) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> owned{name == "-" ? nullptr : std::fopen(name.c_str(), "rbe"),
                                                              [](std::FILE* f) { return std::fclose(f); }};
  std::FILE* stream = name == "-" ? stdin : owned.get();
  if (stream == nullptr) return fail(errc::io_error, std::strerror(errno), name);
  std::string text;
  std::array<char, 65536> piece{};
  while (const auto got = std::fread(piece.data(), 1, piece.size(), stream)) {
    text.append(piece.data(), got);
    if (text.size() > bytes_max)
      return fail(errc::too_large, "more than " + std::to_string(bytes_max) + " bytes", name);
  }
  if (std::ferror(stream) != 0) return fail(errc::io_error, std::strerror(errno), name);
  return text;
}

} // namespace fabric::cli
