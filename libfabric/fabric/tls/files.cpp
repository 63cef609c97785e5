#include "fabric/tls/files.hpp"

#include "fabric/exec/system.hpp"
#include "fabric/tls/openssl.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace fabric::tls {

namespace {

constexpr std::size_t file_bytes_max = 64 << 10;

tl::unexpected<error> refused(errc code, const std::string& path, const std::string& why) {
  return fail(code, path + " " + why);
}

} // namespace

expected<std::string> read_pem(const std::string& path) {
  const exec::unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return refused(errc::not_found, path, "does not exist");
  if (!fd && errno == EACCES) return refused(errc::not_allowed, path, "may not be read by this user");
  if (!fd) return tl::unexpected(exec::system_error("cannot open " + path, errno));
  std::string text(file_bytes_max, '\0');
  const auto n = ::read(fd.get(), text.data(), text.size()); // A small file: one piece. Links are followed.
  if (n < 0) return tl::unexpected(exec::system_error("cannot read " + path, errno));
  text.resize(static_cast<std::size_t>(n));
  return text;
}

expected<void> check_key_mode(role whose, const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return tl::unexpected(exec::system_error("cannot look at " + path, errno));
  if (const auto wrong = wrong_with_key_mode(whose, info.st_mode); !wrong.empty())
    return refused(errc::not_allowed, path, wrong);
  return {};
}

namespace {

std::optional<std::string> variable(const char* name) {
  const char* text = std::getenv(name);
  return text ? std::optional<std::string>(text) : std::nullopt;
}

/// @param like the file that it is to replace, whose group and mode it gets if there is one.
bool write_new(const std::string& path, std::string_view content, unsigned mode, const std::string& like) {
  const exec::unique_fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd || !exec::write_all(fd.get(), content)) return false;
  struct stat old {};
  if (::stat(like.c_str(), &old) == 0) {
    if (old.st_gid != ::getegid() && ::fchown(fd.get(), static_cast<uid_t>(-1), old.st_gid) != 0) return false;
    mode = old.st_mode & 07777;
  }
  return ::fchmod(fd.get(), mode) == 0 && ::fsync(fd.get()) == 0;
}

bool sync_directory(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const exec::unique_fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

/// Parses each once: with OpenSSL 3 that is what starting a client costs most.
expected<void> check_fit(const credentials& all, const credential_files& from) {
  const auto authority = parse_certificate(all.authority);
  if (!authority) return refused(errc::bad_input, from.authority, authority.error().message);
  const auto certificate = parse_certificate(all.certificate);
  if (!certificate) return refused(errc::bad_input, from.certificate, certificate.error().message);
  const auto key = parse_key(all.key);
  if (!key) return refused(errc::bad_input, from.key, key.error().message);
  if (!is_key_of(certificate->get(), key->get()))
    return refused(errc::bad_input, from.key, "is not the key of " + from.certificate);
  if (!is_signed_by(certificate->get(), authority->get()))
    return refused(errc::bad_input, from.certificate, "was not signed by this authority, " + from.authority);
  return {};
}

} // namespace

expected<credentials> read_credentials(role whose, const credential_files& from) {
  credentials found;
  found.place = from.certificate;
  for (const auto& [path, into] : {std::pair{&from.authority, &found.authority},
                                   {&from.certificate, &found.certificate},
                                   {&from.key, &found.key}}) {
    auto text = read_pem(*path);
    if (!text) return tl::unexpected(text.error());
    *into = std::move(*text);
  }
  if (auto ok = check_key_mode(whose, from.key); !ok) return tl::unexpected(ok.error());
  if (auto ok = check_fit(found, from); !ok) return tl::unexpected(ok.error());
  return found;
}

expected<credentials> find_client_credentials(const std::vector<std::string>& directories) {
  std::string places;
  for (const auto& directory : directories) {
    for (const auto& files : client_files_in(directory)) {
      auto found = read_credentials(files.certificate.ends_with("/node.pem") ? role::node : role::client, files);
      if (found || found.error().code != errc::not_found) return found;
      // One that is there but for a file of it is meant, and broken.
      if (::access(files.certificate.c_str(), F_OK) == 0) return found;
    }
    places += (places.empty() ? "" : ", ") + directory;
  }
  return fail(errc::not_found, "no client certificate in " + places);
}

surroundings here(std::string given) {
  return {std::move(given), variable("FABRIC_TLS"), variable("XDG_CONFIG_HOME"), variable("HOME")};
}

expected<void> write_whole(const std::string& path, std::string_view content, unsigned mode) {
  const auto part = path + ".part";
  if (::unlink(part.c_str()) != 0 && errno != ENOENT)
    return tl::unexpected(exec::system_error("cannot remove " + part, errno));
  if (write_new(part, content, mode, path) && ::rename(part.c_str(), path.c_str()) == 0 && sync_directory(path))
    return {};
  const int why = errno;
  ::unlink(part.c_str());
  return tl::unexpected(exec::system_error("cannot write " + path, why));
}

expected<void> make_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return tl::unexpected(exec::system_error("cannot make " + path, errno));
}

} // namespace fabric::tls
