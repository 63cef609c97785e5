#include "fabric/config/load.hpp"
#include "fabric/config/setting.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

namespace {

using namespace fabric;

std::vector<config::setting> settings(const std::vector<std::string>& texts) {
  std::vector<config::setting> all;
  for (const auto& text : texts) {
    auto one = config::parse_setting(text);
    INFO(text);
    REQUIRE(one.has_value());
    all.push_back(std::move(*one));
  }
  return all;
}

config::root with(const std::string& text, const std::vector<std::string>& texts) {
  const auto all = config::load(text, "c.json", settings(texts));
  INFO((all ? "" : config::render(all.error())));
  REQUIRE(all.has_value());
  return *all;
}

config::problem refused(const std::string& text, const std::vector<std::string>& texts) {
  const auto all = config::load(text, "c.json", settings(texts));
  REQUIRE(!all.has_value());
  INFO(config::render(all.error()));
  REQUIRE(all.error().size() == 1);
  return all.error()[0];
}

TEST_CASE("a setting replaces what the file says", "[config]") {
  CHECK(with(R"({"node": {"allow_root": false}})", {"/node/allow_root=true"}).node.allow_root);
  CHECK(with("{}", {"/node/allow_root=true"}).node.allow_root);
  CHECK(with("{}", {"node.data=/tmp/a=b"}).node.data == "/tmp/a=b");
  CHECK(with("{}", {"limits.max_queued=5", "limits.max_queued=6"}).limits.max_queued == 6);
}

TEST_CASE("a setting may add a class", "[config]") {
  const auto all = with("{}", {R"(/classes/c={"command": ["/bin/true"]})", "classes.c.max_attempts=7"});
  REQUIRE(all.classes.contains("c"));
  CHECK(all.classes.at("c").max_attempts == 7);
}

TEST_CASE("a setting of one lane keeps the others", "[config]") {
  const auto all = with("{}", {"/lanes/0/budget=1s"});
  REQUIRE(all.lanes.size() == 2);
  CHECK(all.lanes[0].budget == duration{1s});
  CHECK(all.lanes[0].slots == 3);
  CHECK(with(R"({"lanes": [{"name": "a"}]})", {R"(/lanes/-={"name": "b"})"}).lanes.size() == 2);
  CHECK(with(R"({"lanes": [{"name": "a"}]})", {"/lanes/1/name=b"}).lanes.at(1).name == "b");
}

TEST_CASE("a setting repairs what is wrong in the file", "[config]") {
  CHECK(with(R"({"node": {"threads": "x"}})", {"/node/threads=2"}).node.threads == 2);
  CHECK(with(R"({"node": {"threads": 1, "threads": 3}})", {"/node/threads=2"}).node.threads == 2);
}

TEST_CASE("a problem with a setting names --set", "[config]") {
  CHECK(refused("{\n}", {"/node/threads=many"}) ==
        config::problem{"--set", 0, "/node/threads", "must be a whole number from 0 to 64, not a string"});
  CHECK(refused("{}", {"/node/thraeds=1"}).message.find("did you mean \"threads\"?") != std::string::npos);
  CHECK(refused("{}", {"/node/thraeds=1"}).file == "--set");
  CHECK(refused("{}", {"/lanes/0/name/x=1"}).file == "--set");
  CHECK(refused("{}", {"/lanes/7/slots=1"}).message.find("no element of /lanes") != std::string::npos);
  CHECK(refused("{}", {"/lanes/first/slots=1"}).message.find("no element of /lanes") != std::string::npos);
  CHECK(config::render(refused("{}", {"/node/threads=99"})) ==
        "--set: /node/threads: 99 must be a whole number from 0 to 64");
}

TEST_CASE("problems of the file keep their lines beside settings", "[config]") {
  const auto p = refused("{\n\"limits\": {\"max_queued\": 0}}", {"/node/threads=2"});
  CHECK(config::render(p).starts_with("c.json:2: /limits/max_queued: "));
}

TEST_CASE("a setting without a path or a value is refused", "[config]") {
  for (const std::string text : {"", "=1", "node.data", "/=1", "//a=1", "a..b=1", "/a/=1"}) {
    const auto one = config::parse_setting(text);
    INFO(text);
    REQUIRE(!one.has_value());
    CHECK(one.error().code == errc::bad_input);
    CHECK(one.error().where == "--set");
  }
}

TEST_CASE("a pointer's escapes reach keys with slashes and tildes", "[config]") {
  const auto p = refused("{}", {R"(/classes/a~1b~0={"command": ["/bin/true"]})"});
  CHECK(p.pointer == "/classes/a~1b~0");
  CHECK(p.message.find("\"a/b~\" is no name") != std::string::npos);
}

} // namespace
