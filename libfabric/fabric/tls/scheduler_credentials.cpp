#include "fabric/time_text.hpp"
#include "fabric/tls/authority.hpp"

namespace fabric::tls {

namespace {

using teller = std::function<void(const std::string&)>;

struct want {
  identity whom;
  credential_files files;
};

/// Why there must be a new certificate; empty: what is there is good.
expected<std::string> why_new(const want& what, const std::string& authority, time_point now) {
  const auto found = read_credentials(what.whom.what, what.files);
  if (!found && found.error().code == errc::not_found) return std::string("there was none");
  if (!found && found.error().code == errc::bad_input) return found.error().message;
  if (!found) return tl::unexpected(found.error());
  if (found->authority != authority) return std::string("there is another authority");
  const auto facts = describe(found->certificate);
  if (!facts) return tl::unexpected(facts.error());
  if (facts->whom != what.whom) return std::string("it was another's");
  const auto how = standing_of(facts->valid, now);
  return how == standing::good ? std::string{} : "the old one " + std::string(to_string(how));
}

expected<void> provide(authority& by, const want& what, time_point now, const teller& told) {
  const auto why = why_new(what, by.certificate(), now);
  if (!why) return tl::unexpected(why.error());
  if (why->empty()) return {};
  const auto made = by.issue(what.whom, now);
  if (!made) return tl::unexpected(made.error());
  if (auto ok = write_credentials(what.files, by.certificate(), *made); !ok) return ok;
  told("certificate of " + to_text(what.whom) + " issued: " + *why);
  return {};
}

expected<authority> open_or_make(const std::string& directory, const std::string& name, time_point now,
                                 const teller& told, new_authority made) {
  auto found = authority::open(directory);
  if (made == new_authority::must_not_be || found || found.error().code != errc::not_found) return found;
  const auto certificate = read_pem(authority_in(directory).certificate);
  if (certificate || certificate.error().code != errc::not_found) return found; // Its key is elsewhere.
  told("a new authority of the cell: " + authority_in(directory).certificate);
  return authority::make(directory, "cell of " + name + ", " + format_time(now).substr(0, 10), now);
}

/// Without the authority's key nothing can be renewed: what is there must do.
expected<credentials> what_is_there(const std::string& directory, time_point now, const teller& told) {
  auto found = read_credentials(role::scheduler, files_of(role::scheduler, directory));
  if (!found) return found;
  const auto facts = describe(found->certificate);
  if (!facts) return tl::unexpected(facts.error());
  const auto how = standing_of(facts->valid, now);
  if (how == standing::over || how == standing::not_yet)
    return fail(errc::not_allowed, found->place + " " + std::string(to_string(how)) + " (good from " +
                                       format_time(facts->valid.from) + " to " + format_time(facts->valid.until) +
                                       "), and the authority's key, which could renew it, is not there");
  if (how == standing::near_end)
    told(found->place + " is good until " + format_time(facts->valid.until) +
         " and cannot be renewed without the authority's key");
  return found;
}

} // namespace

expected<credentials> scheduler_credentials(const std::string& directory, const std::string& name, time_point now,
                                            const teller& told, new_authority made) {
  auto by = open_or_make(directory, name, now, told, made);
  if (!by && by.error().code == errc::not_found) return what_is_there(directory, now, told);
  if (!by) return tl::unexpected(by.error());
  if (standing_of(by->facts().valid, now) == standing::over)
    return fail(errc::not_allowed, authority_in(directory).certificate + " has expired: make a new authority by "
                                                                         "moving the directory away");
  const auto clients = authority_in(directory).client;
  if (auto ok = make_private_directory(clients); !ok) return tl::unexpected(ok.error());
  const want own{{role::scheduler, name}, files_of(role::scheduler, directory)};
  if (auto ok = provide(*by, own, now, told); !ok) return tl::unexpected(ok.error());
  const want cli{{role::client, name}, files_of(role::client, clients)};
  if (auto ok = provide(*by, cli, now, told); !ok) return tl::unexpected(ok.error());
  return read_credentials(role::scheduler, own.files);
}

} // namespace fabric::tls
