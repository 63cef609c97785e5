#pragma once

#include "fabric/config/config.hpp"
#include "fabric/config/document.hpp"
#include "fabric/config/problem.hpp"
#include "fabric/config/setting.hpp"

#include <tl/expected.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

/// Reads and checks a configuration. What the text does not name keeps its default.
namespace fabric::config {

struct loaded {
  root all;
  document from; ///< Where each value that is not a default was read.
};

/// @param text JSON with // and /* */ comments.
/// @param file only named in problems.
/// @param settings put over the text, in order.
/// @returns the configuration, or everything that is wrong with it, by line; what comes from settings last. Text that
///          is not JSON gives the first problem only. Pure.
tl::expected<loaded, problems> load_whole(std::string_view text, const std::string& file,
                                          std::span<const setting> settings = {});
tl::expected<root, problems> load(std::string_view text, const std::string& file,
                                  std::span<const setting> settings = {});

/// The same for a file. One that cannot be read is one problem.
tl::expected<loaded, problems> load_whole_file(const std::filesystem::path& path,
                                               std::span<const setting> settings = {});
tl::expected<root, problems> load_file(const std::filesystem::path& path, std::span<const setting> settings = {});

} // namespace fabric::config
