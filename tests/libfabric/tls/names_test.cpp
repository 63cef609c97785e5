#include "fabric/tls/identity.hpp"
#include "fabric/tls/layout.hpp"
#include "fabric/tls/lifetime.hpp"
#include "fabric/tls/revocations.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::tls;

namespace {

constexpr time_point noon{std::chrono::hours{12}};
constexpr duration day = std::chrono::hours{24};

} // namespace

TEST_CASE("roles have names and names have roles", "[tls]") {
  for (const auto one : {role::scheduler, role::node, role::client}) CHECK(role_from(to_string(one)) == one);
  CHECK(role_from("Node") == std::nullopt);
  CHECK(role_from("") == std::nullopt);
  CHECK(to_text({role::node, "w1"}) == "node w1");
  CHECK(identity_from("node w1") == identity{role::node, "w1"});
  for (const auto* bad : {"", "node", "node ", "king w1", "node w 1", "127.0.0.1"}) CHECK_FALSE(identity_from(bad));
}

TEST_CASE("a certificate is good a while before it was made and never longer than its authority", "[tls]") {
  CHECK(validity_from(noon, 10 * day, noon + 20 * day) == validity{noon - clock_slack, noon + 10 * day});
  CHECK(validity_from(noon, 10 * day, noon + 3 * day) == validity{noon - clock_slack, noon + 3 * day});
}

TEST_CASE("a certificate nears its end when a third of its time is left", "[tls]") {
  const validity nine_days{noon, noon + 9 * day};
  CHECK(standing_of(nine_days, noon - duration{1}) == standing::not_yet);
  CHECK(standing_of(nine_days, noon) == standing::good);
  CHECK(standing_of(nine_days, noon + 6 * day) == standing::good);
  CHECK(standing_of(nine_days, noon + 6 * day + duration{1}) == standing::near_end);
  CHECK(standing_of(nine_days, noon + 9 * day) == standing::near_end);
  CHECK(standing_of(nine_days, noon + 9 * day + duration{1}) == standing::over);
}

TEST_CASE("nodes and clients have files of their own names", "[tls]") {
  CHECK(files_of(role::node, "/t") == credential_files{"/t/ca.pem", "/t/node.pem", "/t/node.key"});
  CHECK(files_of(role::scheduler, "/t") == files_of(role::node, "/t"));
  CHECK(files_of(role::client, "/t") == credential_files{"/t/ca.pem", "/t/client.pem", "/t/client.key"});
}

TEST_CASE("a client looks in the one place that is named, or else in the usual ones", "[tls]") {
  using places = std::vector<std::string>;
  const std::string last = "/var/lib/fabric/tls/client";
  CHECK(client_places({"/given", "/variable", "/config", "/people/me"}) == places{"/given"});
  CHECK(client_places({"", "/variable", "/config", "/people/me"}) == places{"/variable"});
  CHECK(client_places({"", "", "/config", "/people/me"}) == places{"/config/fabric/tls", last});
  CHECK(client_places({"", {}, {}, "/people/me"}) == places{"/people/me/.config/fabric/tls", last});
  CHECK(client_places({"", {}, "not/absolute", "/people/me"}) == places{"/people/me/.config/fabric/tls", last});
  CHECK(client_places({}) == places{last});
}

TEST_CASE("a node's data directory is a place for a client too", "[tls]") {
  std::vector<std::string> certificates;
  for (const auto& files : client_files_in("/data")) certificates.push_back(files.certificate);
  CHECK(certificates == std::vector<std::string>{"/data/client.pem", "/data/client/client.pem",
                                                 "/data/tls/client/client.pem", "/data/node.pem"});
}

TEST_CASE("a key is for its owner and a client's for its group at most", "[tls]") {
  for (const auto good : {0600u, 0400u, 0700u, 0100600u}) {
    CHECK(wrong_with_key_mode(role::node, good).empty());
    CHECK(wrong_with_key_mode(role::client, good).empty());
  }
  CHECK(wrong_with_key_mode(role::client, 0640).empty());
  CHECK(wrong_with_key_mode(role::node, 0640).find("0640") != std::string::npos);
  for (const auto bad : {0644u, 0604u, 0660u, 0602u, 0601u, 0777u}) {
    CHECK_FALSE(wrong_with_key_mode(role::scheduler, bad).empty());
    CHECK_FALSE(wrong_with_key_mode(role::client, bad).empty());
  }
}

TEST_CASE("revocations are lines that begin with a serial number", "[tls]") {
  const auto found = parse_revocations("# since the loss of w3\nAB12 node w3\n\n  \nCD\tclient x\r\nEF\r\n#GH\nIJ");
  CHECK(found == std::set<std::string>{"AB12", "CD", "EF", "IJ"});
  CHECK(parse_revocations("").empty());
  CHECK(parse_revocations(revocation_line("AB", "node w1") + revocation_line("CD", "client y")) ==
        std::set<std::string>{"AB", "CD"});
}
