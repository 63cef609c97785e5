#include "fabric/tls/authority.hpp"

#include "fabric/exec/system.hpp"
#include "fabric/time_text.hpp"
#include "fabric/tls/revocations.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

namespace fabric::tls {

namespace {

constexpr unsigned open_to_all = 0644; ///< Within a directory that is not.
constexpr unsigned owner_only = 0600;

expected<std::set<std::string>> revoked_in(const std::string& directory) {
  auto text = read_pem(authority_in(directory).revoked);
  if (text) return parse_revocations(*text);
  if (text.error().code == errc::not_found) return std::set<std::string>{};
  return tl::unexpected(text.error());
}

/// The file is fabricd's, as the directory is, and readable whatever the umask, also where root writes it: what fabricd
/// cannot read counts as revoked.
bool make_readable(int fd, const std::string& directory) {
  struct stat now {
  }, above{};
  if (::fstat(fd, &now) != 0 || ::stat(directory.c_str(), &above) != 0) return false;
  if ((now.st_mode & 0777) != open_to_all && ::fchmod(fd, open_to_all) != 0) return false;
  return ::geteuid() != 0 || ::fchown(fd, above.st_uid, above.st_gid) == 0;
}

expected<void> append(const std::string& directory, const std::string& path, const std::string& lines) {
  const exec::unique_fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, open_to_all));
  if (fd && make_readable(fd.get(), directory) && exec::write_all(fd.get(), lines) && ::fsync(fd.get()) == 0) return {};
  return tl::unexpected(exec::system_error("cannot write " + path, errno));
}

} // namespace

expected<authority> authority::open(const std::string& directory) {
  const auto files = authority_in(directory);
  auto certificate = read_pem(files.certificate);
  if (!certificate) return tl::unexpected(certificate.error());
  auto key = read_pem(files.key);
  if (!key) return tl::unexpected(key.error());
  if (auto ok = check_key_mode(role::scheduler, files.key); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_key(*certificate, *key); !ok) return fail(ok.error().code, files.key + " " + ok.error().message);
  auto facts = describe(*certificate);
  if (!facts) return tl::unexpected(facts.error());
  if (!facts->is_authority) return fail(errc::bad_input, files.certificate + " is no authority's certificate");
  return authority{directory, {std::move(*certificate), std::move(*key)}, std::move(*facts)};
}

expected<authority> authority::make(const std::string& directory, const std::string& cell, time_point now) {
  const auto files = authority_in(directory);
  auto pair = make_authority(cell, validity_from(now, authority_length, time_point::max()));
  if (!pair) return tl::unexpected(pair.error());
  if (auto ok = make_private_directory(directory); !ok) return tl::unexpected(ok.error());
  // The key first: without its certificate there is no authority, and the next start makes another.
  if (auto ok = write_whole(files.key, pair->key, owner_only); !ok) return tl::unexpected(ok.error());
  if (auto ok = write_whole(files.certificate, pair->certificate, open_to_all); !ok) return tl::unexpected(ok.error());
  return open(directory);
}

expected<key_pair> authority::issue(const identity& whom, time_point now, duration length) {
  auto made = tls::issue(pair_, whom, validity_from(now, length, facts_.valid.until));
  if (!made) return made;
  const auto facts = describe(made->certificate);
  if (!facts) return tl::unexpected(facts.error());
  const auto issued = authority_in(directory_).issued;
  if (auto ok = make_private_directory(issued); !ok) return tl::unexpected(ok.error());
  if (auto ok = write_whole(issued + "/" + facts->serial + ".pem", made->certificate, open_to_all); !ok)
    return tl::unexpected(ok.error());
  return made;
}

expected<void> write_credentials(const credential_files& to, const std::string& authority, const key_pair& own) {
  if (auto ok = write_whole(to.authority, authority, open_to_all); !ok) return ok;
  if (auto ok = write_whole(to.key, own.key, owner_only); !ok) return ok;
  return write_whole(to.certificate, own.certificate, open_to_all);
}

expected<std::vector<issued_certificate>> issued_in(const std::string& directory) {
  const auto revoked = revoked_in(directory);
  if (!revoked) return tl::unexpected(revoked.error());
  std::vector<issued_certificate> all;
  std::error_code failed;
  const std::filesystem::path issued = authority_in(directory).issued;
  if (!std::filesystem::exists(issued, failed)) return all;
  for (const auto& entry : std::filesystem::directory_iterator(issued, failed)) {
    if (entry.path().extension() != ".pem") continue;
    const auto pem = read_pem(entry.path().string());
    const auto facts = pem ? describe(*pem) : tl::unexpected(pem.error());
    if (facts && facts->whom) all.push_back({*facts, revoked->contains(facts->serial)});
  }
  if (failed) return tl::unexpected(exec::system_error("cannot list " + issued.string(), failed.value()));
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    const auto key = [](const issued_certificate& of) {
      return std::tuple(of.facts.whom->what, of.facts.whom->name, of.facts.valid.from, of.facts.serial);
    };
    return key(a) < key(b);
  });
  return all;
}

expected<std::size_t> revoke(const std::string& directory, const std::string& name_or_serial) {
  const auto all = issued_in(directory);
  if (!all) return tl::unexpected(all.error());
  std::string lines;
  std::size_t count = 0, known = 0;
  for (const auto& one : *all) {
    const auto& facts = one.facts;
    if (facts.serial != name_or_serial && facts.whom->name != name_or_serial) continue;
    ++known;
    if (one.revoked) continue;
    lines += revocation_line(facts.serial, to_text(*facts.whom));
    ++count;
  }
  if (known == 0) return fail(errc::not_found, "no certificate was issued to \"" + name_or_serial + "\"");
  if (count == 0) return 0;
  return append(directory, authority_in(directory).revoked, lines).map([count] { return count; });
}

} // namespace fabric::tls
