#include "fabric/tls/layout.hpp"

#include <array>
#include <cstdio>

namespace fabric::tls {

namespace {

constexpr const char* usual_place = "/var/lib/fabric/tls/client";

} // namespace

credential_files files_of(role what, const std::string& directory) {
  const std::string name = what == role::client ? "/client" : "/node";
  return {directory + "/ca.pem", directory + name + ".pem", directory + name + ".key"};
}

authority_files authority_in(const std::string& directory) {
  return {directory + "/ca.pem", directory + "/ca.key", directory + "/client", directory + "/issued",
          directory + "/revoked"};
}

std::vector<credential_files> client_files_in(const std::string& directory) {
  return {files_of(role::client, directory), files_of(role::client, directory + "/client"),
          files_of(role::client, directory + "/tls/client"), files_of(role::node, directory)};
}

std::vector<std::string> client_places(const surroundings& around) {
  if (!around.given.empty()) return {around.given};
  if (around.variable && !around.variable->empty()) return {*around.variable};
  std::vector<std::string> all;
  if (around.config_home && around.config_home->starts_with('/'))
    all.push_back(*around.config_home + "/fabric/tls");
  else if (around.home && around.home->starts_with('/'))
    all.push_back(*around.home + "/.config/fabric/tls");
  all.emplace_back(usual_place);
  return all;
}

std::string wrong_with_key_mode(role whose, std::uint32_t mode) {
  const std::uint32_t allowed = whose == role::client ? 0740 : 0700;
  const auto bits = mode & 0777U;
  if ((bits & ~allowed) == 0) return {};
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", static_cast<unsigned>(bits));
  return std::string("has mode ") + octal.data() + ": others than its owner may use it; chmod " +
         (whose == role::client ? "0600, or 0640 for a group of operators" : "0600");
}

} // namespace fabric::tls
