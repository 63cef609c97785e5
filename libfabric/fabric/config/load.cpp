#include "fabric/config/load.hpp"

#include "fabric/config/check.hpp"
#include "fabric/config/reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace fabric::config {

tl::expected<loaded, problems> load_whole(std::string_view text, const std::string& file,
                                          std::span<const setting> settings) {
  auto doc = parse_document(text, file);
  if (!doc) return tl::unexpected(problems{doc.error()});
  for (const auto& one : settings) apply(one, *doc);
  auto found = doc->found;
  auto all = defaults();
  reader::object(place(*doc, doc->value, "", found), all);
  check_relations(all, *doc, found);
  if (found.empty()) return loaded{std::move(all), std::move(*doc)};
  std::stable_sort(found.begin(), found.end(), [](const problem& a, const problem& b) {
    if ((a.line == 0) != (b.line == 0)) return b.line == 0;
    return a.line < b.line;
  });
  return tl::unexpected(std::move(found));
}

tl::expected<root, problems> load(std::string_view text, const std::string& file, std::span<const setting> settings) {
  return load_whole(text, file, settings).map([](loaded&& l) { return std::move(l.all); });
}

tl::expected<loaded, problems> load_whole_file(const std::filesystem::path& path, std::span<const setting> settings) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text(document_bytes + 1, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad())
    return tl::unexpected(problems{{path.string(), 0, "", std::string("cannot be read: ") + std::strerror(errno)}});
  text.resize(static_cast<std::size_t>(in.gcount()));
  return load_whole(text, path.string(), settings);
}

tl::expected<root, problems> load_file(const std::filesystem::path& path, std::span<const setting> settings) {
  return load_whole_file(path, settings).map([](loaded&& l) { return std::move(l.all); });
}

} // namespace fabric::config
