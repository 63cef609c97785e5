#include "fabric/tls/authority.hpp"
#include "fabric/tls/own_credentials.hpp"

#include "tests/libfabric/tls/cell.hpp"

#include <sys/stat.h>

#include <fstream>

using namespace fabric;
using namespace fabric::tls;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

struct site : scratch {
  std::string directory = root + "/tls";
  std::vector<std::string> told{};

  expected<credentials> start(time_point now, const std::string& name = "n1") {
    told.clear();
    return scheduler_credentials(directory, name, now, [this](const std::string& line) { told.push_back(line); });
  }
  certificate_facts facts(const std::string& file) const {
    return describe(read_pem(directory + file).value()).value();
  }
};

} // namespace

TEST_CASE("a first start makes an authority and certificates for the node and the command line", "[tls]") {
  site s;
  const auto own = s.start(wall_now());
  REQUIRE(own);
  CHECK(s.told.size() == 3);
  CHECK(s.facts("/ca.pem").is_authority);
  CHECK(s.facts("/node.pem").whom == identity{role::scheduler, "n1"});
  CHECK(s.facts("/client/client.pem").whom == identity{role::client, "n1"});
  CHECK(find_client_credentials({s.directory})->certificate == read_pem(s.directory + "/client/client.pem"));
  for (const auto* directory : {"", "/client", "/issued"}) CHECK(mode_of(s.directory + directory) == 0700);
  for (const auto* key : {"/ca.key", "/node.key", "/client/client.key"}) CHECK(mode_of(s.directory + key) == 0600);
  CHECK(issued_in(s.directory)->size() == 2);
}

TEST_CASE("a later start changes nothing as long as the certificates are good", "[tls]") {
  site s;
  const auto now = wall_now();
  const auto first = s.start(now).value();
  const auto again = s.start(now + 200 * one_day).value();
  CHECK(s.told.empty());
  CHECK(again.certificate == first.certificate);
  CHECK(again.authority == first.authority);
}

TEST_CASE("a start renews what is near its end and what was for another name", "[tls]") {
  site s;
  const auto now = wall_now();
  const auto first = s.start(now).value();
  const auto renewed = s.start(now + 300 * one_day).value();
  CHECK(s.told.size() == 2);
  CHECK(renewed.certificate != first.certificate);
  CHECK(renewed.authority == first.authority);
  CHECK(s.facts("/node.pem").valid.until > now + 600 * one_day);
  s.start(now + 300 * one_day, "n2").value();
  CHECK(s.facts("/node.pem").whom == identity{role::scheduler, "n2"});
}

TEST_CASE("a renewed key keeps the group's right to read it", "[tls]") {
  site s;
  const auto now = wall_now();
  REQUIRE(s.start(now));
  REQUIRE(::chmod((s.directory + "/client/client.key").c_str(), 0640) == 0);
  REQUIRE(s.start(now + 300 * one_day));
  CHECK(mode_of(s.directory + "/client/client.key") == 0640);
}

TEST_CASE("without the authority's key a start goes on with what is there as long as it is good", "[tls]") {
  site s;
  const auto now = wall_now();
  const auto first = s.start(now).value();
  std::filesystem::rename(s.directory + "/ca.key", s.root + "/elsewhere");
  CHECK(s.start(now + 100 * one_day)->certificate == first.certificate);
  CHECK(s.told.empty());
  CHECK(s.start(now + 300 * one_day));
  CHECK(s.told.size() == 1);
  const auto late = s.start(now + 400 * one_day);
  CHECK(late.error().code == errc::not_allowed);
  CHECK(late.error().message.find("has expired") != std::string::npos);
}

TEST_CASE("a start refuses keys that others can read", "[tls]") {
  site s;
  REQUIRE(s.start(wall_now()));
  for (const auto* key : {"/ca.key", "/node.key", "/client/client.key"}) {
    REQUIRE(::chmod((s.directory + key).c_str(), 0644) == 0);
    const auto found = s.start(wall_now());
    CHECK(found.error().code == errc::not_allowed);
    CHECK(found.error().message.find(key) != std::string::npos);
    REQUIRE(::chmod((s.directory + key).c_str(), 0600) == 0);
  }
  CHECK(s.start(wall_now()));
}

TEST_CASE("a start makes anew what is damaged but never an authority", "[tls]") {
  site s;
  REQUIRE(s.start(wall_now()));
  REQUIRE(write_whole(s.directory + "/node.pem", "damaged", 0600));
  CHECK(s.start(wall_now()));
  CHECK(s.told.size() == 1);
  REQUIRE(write_whole(s.directory + "/ca.pem", "damaged", 0600));
  CHECK(s.start(wall_now()).error().code == errc::bad_input);
}

TEST_CASE("the authority signs for others and remembers it", "[tls]") {
  site s;
  const auto now = wall_now();
  REQUIRE(s.start(now));
  auto by = authority::open(s.directory).value();
  const auto node = by.issue({role::node, "w1"}, now, 30 * one_day).value();
  REQUIRE(make_private_directory(s.root + "/w1"));
  REQUIRE(write_credentials(files_of(role::node, s.root + "/w1"), by.certificate(), node));
  CHECK(read_credentials(role::node, files_of(role::node, s.root + "/w1")));
  const auto all = issued_in(s.directory).value();
  REQUIRE(all.size() == 3);
  CHECK(all[1].facts.whom == identity{role::node, "w1"});
  CHECK_FALSE(all[1].revoked);
}

TEST_CASE("a name is revoked with all its certificates and a number alone", "[tls]") {
  site s;
  const auto now = wall_now();
  REQUIRE(s.start(now));
  auto by = authority::open(s.directory).value();
  REQUIRE(by.issue({role::node, "w1"}, now));
  REQUIRE(by.issue({role::node, "w1"}, now));
  const auto other = describe(by.issue({role::client, "me"}, now)->certificate)->serial;
  CHECK(revoke(s.directory, "w1") == std::size_t{2});
  CHECK(revoke(s.directory, "w1") == std::size_t{0});
  CHECK(revoke(s.directory, other) == std::size_t{1});
  CHECK(revoke(s.directory, "nobody").error().code == errc::not_found);
  std::size_t revoked = 0;
  const auto all = issued_in(s.directory).value();
  for (const auto& one : all) revoked += one.revoked ? 1 : 0;
  CHECK(revoked == 3);
  REQUIRE(by.issue({role::node, "w1"}, now)); // A new one is good.
  CHECK(revoke(s.directory, "w1") == std::size_t{1});
}

TEST_CASE("a client's search names the places where nothing was and the file that is broken", "[tls]") {
  site s;
  const auto nowhere = find_client_credentials({s.root + "/a", s.root + "/b"});
  CHECK(nowhere.error().code == errc::not_found);
  CHECK(nowhere.error().message.find(s.root + "/a, " + s.root + "/b") != std::string::npos);
  REQUIRE(s.start(wall_now()));
  std::filesystem::remove(s.directory + "/client/client.key");
  const auto half = find_client_credentials({s.root});
  CHECK(half.error().message.find("client.key does not exist") != std::string::npos);
  CHECK(authority::open(s.root).error().code == errc::not_found);
}

TEST_CASE("a scheduler's credentials change in use only when they change on disk", "[tls]") {
  site s;
  const auto now = wall_now();
  own_credentials own{role::scheduler, s.directory, "n1", [&s](const std::string& line) { s.told.push_back(line); }};
  const auto first = own.look(now);
  REQUIRE(first);
  REQUIRE(*first);
  CHECK((*first)->own().whom == identity{role::scheduler, "n1"});
  CHECK(*own.look(now + one_day) == nullptr);
  CHECK(*own.look(now + 300 * one_day) != nullptr);
  std::filesystem::remove(s.directory + "/node.key");
  CHECK(*own.look(now + 301 * one_day) != nullptr);
}

TEST_CASE("a node's credentials must be its own and good now", "[tls]") {
  site s;
  const auto now = wall_now();
  REQUIRE(s.start(now));
  auto by = authority::open(s.directory).value();
  const auto place = s.root + "/w1";
  REQUIRE(make_private_directory(place));
  const auto give = [&](const identity& whom) {
    return write_credentials(files_of(role::node, place), by.certificate(), by.issue(whom, now).value());
  };
  own_credentials own{role::node, place, "w1", [](const std::string&) {}};
  CHECK(own.look(now).error().code == errc::not_found);
  REQUIRE(give({role::node, "w2"}));
  CHECK(own.look(now).error().message.find("is for node w2, and this is node w1") != std::string::npos);
  REQUIRE(give({role::client, "w1"}));
  CHECK(own.look(now).error().code == errc::not_allowed);
  REQUIRE(give({role::node, "w1"}));
  CHECK(own.look(now + 400 * one_day).error().message.find("has expired") != std::string::npos);
  CHECK(own.look(now - one_day).error().message.find("not yet valid") != std::string::npos);
  CHECK(own.look(now - one_day).error().code == errc::unavailable);
  CHECK(*own.look(now) != nullptr);
  CHECK(*own.look(now) == nullptr);
  REQUIRE(give({role::node, "w1"}));
  CHECK(*own.look(now) != nullptr);
}

TEST_CASE("an authority in use is never replaced by another", "[tls]") {
  site s;
  own_credentials own{role::scheduler, s.directory, "n1", [](const std::string&) {}};
  REQUIRE(own.look(wall_now()));
  std::filesystem::remove_all(s.directory);
  CHECK(own.look(wall_now()).error().code == errc::not_found);
  CHECK_FALSE(std::filesystem::exists(s.directory));
  REQUIRE(s.start(wall_now())); // Somebody else made one.
  CHECK(own.look(wall_now()).error().code == errc::not_allowed);
}

TEST_CASE("what is revoked can be read whatever the umask of who revokes", "[tls]") {
  site s;
  REQUIRE(s.start(wall_now()));
  const auto before = ::umask(077);
  const auto count = revoke(s.directory, "n1");
  ::umask(before);
  CHECK(count == std::size_t{2});
  CHECK(mode_of(authority_in(s.directory).revoked) == 0644);
}
