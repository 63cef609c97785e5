#include "fabric/tls/authority.hpp"

#include "nodes/cli/doctor_facts.hpp"

namespace fabric::cli {

namespace {

/// nullopt: there is none.
std::optional<certificate_state> look_at(const std::string& name, tls::role whose, const tls::credential_files& files) {
  const auto found = tls::read_credentials(whose, files);
  if (!found && found.error().code == errc::not_found && !tls::read_pem(files.certificate)) return std::nullopt;
  certificate_state state{name, files.certificate, {}, {}};
  const auto facts = found ? tls::describe(found->certificate) : tl::unexpected(found.error());
  if (facts)
    state.valid = facts->valid;
  else
    state.wrong = facts.error().message;
  return state;
}

/// nullopt: its key is not here, as on a node that joins.
std::optional<certificate_state> look_at_authority(const std::string& directory) {
  const auto found = tls::authority::open(directory);
  if (!found && found.error().code == errc::not_found) return std::nullopt;
  certificate_state state{"authority of the cell", tls::authority_in(directory).certificate, {}, {}};
  if (found)
    state.valid = found->facts().valid;
  else
    state.wrong = found.error().message;
  return state;
}

} // namespace

std::vector<certificate_state> look_at_certificates(const std::string& directory) {
  std::vector<certificate_state> all;
  const auto authority = look_at_authority(directory);
  if (authority) all.push_back(*authority);
  const auto client = tls::authority_in(directory).client;
  for (auto& one :
       {look_at("certificate of the node", tls::role::node, tls::files_of(tls::role::node, directory)),
        look_at("certificate of the command line", tls::role::client, tls::files_of(tls::role::client, client))}) {
    if (!one) continue;
    all.push_back(*one);
    all.back().renews_itself = authority && authority->wrong.empty();
  }
  return all;
}

} // namespace fabric::cli
