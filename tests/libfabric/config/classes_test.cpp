#include "fabric/config/classes.hpp"
#include "fabric/config/command_template.hpp"
#include "fabric/config/dump.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace {

using namespace fabric;

TEST_CASE("classes are found by name, adhoc only when it is allowed", "[config]") {
  config::root all;
  all.classes["c"].command = {"/bin/true"};
  CHECK(config::find_class(all, "c") == &all.classes["c"]);
  CHECK(config::find_class(all, "d") == nullptr);
  CHECK(config::find_class(all, "adhoc") == nullptr);
  all.allow_ad_hoc = true;
  REQUIRE(config::find_class(all, "adhoc") != nullptr);
  CHECK(config::find_class(all, "adhoc")->max_attempts == 1);
}

TEST_CASE("an ad-hoc command is read from the input", "[config]") {
  const auto c = config::parse_ad_hoc(R"({"argv": ["/bin/echo", "{x}", ""], "cwd": "/tmp", "env": {"A": "b"}})");
  REQUIRE(c.has_value());
  CHECK(*c == config::ad_hoc_command{{"/bin/echo", "{x}", ""}, "/tmp", {{"A", "b"}}});
  CHECK(config::parse_ad_hoc(R"({"argv": ["/bin/true"]})").has_value());
}

TEST_CASE("a bad ad-hoc command is refused with its pointer", "[config]") {
  const std::pair<std::string, std::string> cases[] = {
      {"nonsense", "/input"},
      {"null", "/input"},
      {"[]", "/input"},
      {"{}", "/input"},
      {R"({"argv": "ls"})", "/input/argv"},
      {R"({"argv": []})", "/input/argv"},
      {R"({"argv": ["ls"]})", "/input/argv/0"},
      {R"({"argv": ["/bin/ls", 1]})", "/input/argv/1"},
      {R"({"argv": ["/bin/ls", "a\u0000"]})", "/input/argv/1"},
      {R"({"argv": ["/bin/ls\u0000"]})", "/input/argv/0"},
      {R"({"argv": ["/bin/ls"], "cwd": "tmp"})", "/input/cwd"},
      {R"({"argv": ["/bin/ls"], "cwd": 5})", "/input/cwd"},
      {R"({"argv": ["/bin/ls"], "env": []})", "/input/env"},
      {R"({"argv": ["/bin/ls"], "env": {"A=B": ""}})", "/input/env"},
      {R"({"argv": ["/bin/ls"], "env": {"FABRIC_LANE": ""}})", "/input/env"},
      {R"({"argv": ["/bin/ls"], "env": {"A": 5}})", "/input/env/A"},
      {R"({"argv": ["/bin/ls"], "user": "root"})", "/input/user"},
  };
  for (const auto& [input, where] : cases) {
    const auto c = config::parse_ad_hoc(input);
    INFO(input);
    REQUIRE(!c.has_value());
    CHECK(c.error().code == errc::bad_input);
    CHECK(c.error().where == where);
  }
  const auto e = config::parse_ad_hoc(R"({"argv": ["/)" + std::string(config::argument_bytes, 'x') + R"("]})");
  REQUIRE(!e.has_value());
  CHECK(e.error().code == errc::too_large);
}

TEST_CASE("a class's hash is stable and follows what a node decides", "[config]") {
  config::job_class one;
  one.command = {"/usr/bin/sha256sum", "{input.path}"};
  const auto hash = config::class_hash(one);
  CHECK(hash == config::class_hash(config::job_class(one)));
  auto other = one;
  other.lane = "slow";
  other.max_attempts = 9;
  other.enabled = false;
  other.backoff.base = 9s;
  CHECK(config::class_hash(other) == hash);
  const auto differs = [&](auto change) {
    auto changed = one;
    change(changed);
    CHECK(config::class_hash(changed) != hash);
  };
  differs([](auto& c) { c.command = {"/usr/bin/sha256sum {input.path}"}; });
  differs([](auto& c) { c.cwd = "/tmp"; });
  differs([](auto& c) { c.env["A"] = ""; });
  differs([](auto& c) { c.user = "nobody"; });
  differs([](auto& c) { c.limits.wall = 1h; });
  differs([](auto& c) { c.limits.output = 0; });
  differs([](auto& c) { c.limits.memory = 64 << 20; });
  differs([](auto& c) { c.limits.files = 8; });
  differs([](auto& c) { c.limits.stall_timeout = 5s; });
}

} // namespace
