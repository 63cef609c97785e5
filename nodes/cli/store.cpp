#include "fabric/job/strict_json.hpp"
#include "fabric/store/sqlite_backup.hpp"
#include "fabric/store/sqlite_connection.hpp"
#include "fabric/store/sqlite_schema.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/place.hpp"
#include "nodes/cli/text/printable.hpp"
#include "nodes/cli/text/store_text.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <filesystem>

/// fabric store: all of it works on the file itself, read-only, beside a fabricd or without one.
namespace fabric::cli {

namespace {

/// Runs `what` on the store's path, and says what went wrong.
template <class What> exit_code on_store(session& s, What what) {
  const auto config = config_of(s);
  if (!config) return usage;
  auto answer = what(store_path(s, *config));
  return answer ? *answer : s.failed(answer.error());
}

spool_size size_of(const std::filesystem::path& spool) {
  spool_size sum;
  std::error_code ignored;
  using walk = std::filesystem::recursive_directory_iterator;
  for (walk at(spool, std::filesystem::directory_options::skip_permission_denied, ignored), end; at != end;
       at.increment(ignored)) {
    struct stat what {};
    if (::lstat(at->path().c_str(), &what) != 0 || S_ISDIR(what.st_mode)) continue;
    ++sum.files;
    sum.bytes += static_cast<std::uint64_t>(what.st_blocks) * 512;
  }
  return sum;
}

expected<std::vector<store::violation>> check(const std::string& path, store::check_depth depth) {
  auto db = store::sqlite_connection::open_reader(path);
  if (!db) return tl::unexpected(db.error());
  if (auto fits = store::check_version(**db, store::schema_version); !fits) return tl::unexpected(fits.error());
  return store::check_store(**db, depth);
}

} // namespace

exit_code store_backup(session& s) {
  return on_store(s, [&](const std::string& path) -> expected<exit_code> {
    const auto bytes = store::back_up(path, s.call.path);
    if (!bytes) return tl::unexpected(bytes.error());
    if (s.call.json)
      s.screen.line(json_text({{"file", s.call.path}, {"bytes", *bytes}}));
    else
      s.screen.line(printable(s.call.path) + ": " + std::to_string(*bytes) + " bytes");
    return done;
  });
}

exit_code store_check(session& s) {
  return on_store(s, [&](const std::string& path) -> expected<exit_code> {
    const auto found = check(path, s.call.tool.quick ? store::check_depth::quick : store::check_depth::full);
    if (!found) return tl::unexpected(found.error());
    if (s.call.json)
      s.screen.line(json_text({{"path", path}, {"ok", found->empty()}, {"violations", violations_json(*found)}}));
    else
      s.screen.write(found->empty() ? printable(path) + ": ok\n" : violations_text(*found));
    return found->empty() ? done : not_well;
  });
}

exit_code store_info(session& s) {
  return on_store(s, [&](const std::string& path) -> expected<exit_code> {
    const auto info = store::describe_store(path);
    if (!info) return tl::unexpected(info.error());
    const auto spool = size_of(std::filesystem::path(path).parent_path() / "spool");
    if (s.call.json)
      s.screen.line(json_text(store_json(*info, spool)));
    else
      s.screen.write(store_text(*info, spool, session::now()));
    return done;
  });
}

} // namespace fabric::cli
