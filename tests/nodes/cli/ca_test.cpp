#include "nodes/cli/text/ca_text.hpp"
#include "tests/nodes/cli/parsing.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>

using namespace fabric;
using namespace fabric::cli;
using namespace fabric::cli::testing;

namespace {

constexpr time_point now{std::chrono::sys_days{std::chrono::year{2026} / 7 / 1}};
constexpr duration day = std::chrono::hours{24};

tls::certificate_facts facts(std::optional<tls::identity> whom, duration since, duration length, std::string serial) {
  return {std::move(whom), false, {now - since, now - since + length}, std::move(serial)};
}

const tls::certificate_facts authority{std::nullopt, true, {now - day, now + 3000 * day}, "A0"};
const std::vector<tls::issued_certificate> issued{
    {facts(tls::identity{tls::role::scheduler, "s1"}, 10 * day, 365 * day, "A1"), false},
    {facts(tls::identity{tls::role::node, "w1"}, 300 * day, 365 * day, "A2"), false},
    {facts(tls::identity{tls::role::node, "w2"}, 400 * day, 365 * day, "A3"), false},
    {facts(tls::identity{tls::role::client, "me"}, 10 * day, 365 * day, "A4"), true}};

} // namespace

TEST_CASE("the words of the authority's commands", "[cli][parse]") {
  ::setenv("FABRIC_NODE", "no port", 1); // They ask no node.
  const auto node = good({"ca", "issue", "w1", "--data", "/d"});
  CHECK(node.command == "ca issue");
  CHECK(node.tool.name == "w1");
  CHECK(node.tool.data == "/d");
  CHECK_FALSE(node.tool.is_client);
  CHECK(node.tool.length == 365 * day);
  const auto client = good({"ca", "issue", "--client", "me", "--out", "bundle", "--for", "12h"});
  CHECK(client.tool.is_client);
  CHECK(client.tool.name == "me");
  CHECK(client.tool.out == "bundle");
  CHECK(client.tool.length == std::chrono::hours{12});
  CHECK(good({"ca", "show", "--config", "c.json"}).tool.config == "c.json");
  CHECK(good({"ca", "revoke", "w1"}).tool.name == "w1");
  ::unsetenv("FABRIC_NODE");
  bad({"ca"});
  bad({"ca", "issue"});
  bad({"ca", "issue", "w1", "w2"});
  bad({"ca", "issue", "w1", "--for", "30s"});
  bad({"ca", "issue", "w1", "--for", "4000d"});
  bad({"ca", "revoke"});
}

TEST_CASE("every command takes the directory of the client's certificate", "[cli][parse]") {
  CHECK(good({"--tls", "/d", "lanes"}).tls == "/d");
  CHECK(good({"lanes", "--tls", "/d"}).tls == "/d");
  CHECK(good({"lanes"}).tls.empty());
}

TEST_CASE("the list of certificates tells how each stands", "[cli]") {
  const auto text = ca_text(authority, issued, now, {});
  for (const auto* line :
       {"authority  -     2034", "scheduler  s1    2027-06-21  good", "node       w1    2026-09-04  ends soon",
        "node       w2    2026-05-27  has expired", "client     me    2027-06-21  revoked"})
    CHECK(text.find(line) != std::string::npos);
  const auto json = ca_json(authority, issued, now);
  CHECK(json["authority"]["state"] == "good");
  CHECK(json["issued"].size() == 4);
  CHECK(json["issued"][3]["state"] == "revoked");
  CHECK(json["issued"][1]["role"] == "node");
}

TEST_CASE("what was issued is said with where it belongs", "[cli]") {
  CHECK(issued_text(issued[1].facts, "w1").find("w1: certificate of node w1, good until 2026-09-04;") == 0);
  CHECK(issued_text(issued[3].facts, "me").find("FABRIC_TLS") != std::string::npos);
  CHECK(issued_json(issued[1].facts, "x/w1")["directory"] == "x/w1");
}
