#include "fabric/exec/system.hpp"
#include "fabric/job/strict_json.hpp"
#include "fabric/tls/authority.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/place.hpp"
#include "nodes/cli/text/ca_text.hpp"

#include <nlohmann/json.hpp>

#include <sys/stat.h>

#include <cerrno>

/// fabric ca: works on the files of a scheduler's node, beside a fabricd or without one.
namespace fabric::cli {

namespace {

/// Runs `what` on the directory of certificates, and says what went wrong.
template <class What> exit_code on_authority(session& s, What what) {
  const auto config = config_of(s);
  if (!config) return usage;
  const auto directory = tls_directory(s, *config);
  auto by = tls::authority::open(directory);
  if (!by && by.error().code == errc::not_found)
    by = fail(errc::not_found, by.error().message + ": fabricd of the cell's scheduler makes it at its first start, in "
                                                    "its data directory; name that with --data or --config");
  auto answer = by ? what(*by, directory) : tl::unexpected(by.error());
  return answer ? done : s.failed(answer.error());
}

expected<void> make_new_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  return tl::unexpected(exec::system_error("cannot make the directory " + path, errno));
}

} // namespace

exit_code ca_issue(session& s) {
  const auto& how = s.call.tool;
  const auto out = how.out.empty() ? how.name : how.out;
  return on_authority(s, [&](tls::authority& by, const std::string&) -> expected<void> {
    const tls::identity whom{how.is_client ? tls::role::client : tls::role::node, how.name};
    const auto made = by.issue(whom, session::now(), how.length);
    if (!made) return tl::unexpected(made.error());
    if (auto ok = make_new_directory(out); !ok) return ok;
    if (auto ok = tls::write_credentials(tls::files_of(whom.what, out), by.certificate(), *made); !ok) return ok;
    const auto facts = tls::describe(made->certificate);
    if (!facts) return tl::unexpected(facts.error());
    if (s.call.json)
      s.screen.line(json_text(issued_json(*facts, out)));
    else
      s.screen.write(issued_text(*facts, out));
    return {};
  });
}

exit_code ca_show(session& s) {
  return on_authority(s, [&](tls::authority& by, const std::string& directory) -> expected<void> {
    const auto all = tls::issued_in(directory);
    if (!all) return tl::unexpected(all.error());
    if (s.call.json)
      s.screen.line(json_text(ca_json(by.facts(), *all, session::now())));
    else
      s.screen.write(ca_text(by.facts(), *all, session::now(), s.screen.out()));
    return {};
  });
}

exit_code ca_revoke(session& s) {
  return on_authority(s, [&](tls::authority&, const std::string& directory) -> expected<void> {
    const auto count = tls::revoke(directory, s.call.tool.name);
    if (!count) return tl::unexpected(count.error());
    if (s.call.json)
      s.screen.line(json_text({{"name", s.call.tool.name}, {"revoked", *count}}));
    else
      s.screen.line(std::to_string(*count) + (*count == 1 ? " certificate" : " certificates") +
                    " revoked: no new connection is accepted with " + (*count == 1 ? "it" : "them"));
    return {};
  });
}

} // namespace fabric::cli
