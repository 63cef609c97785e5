#include "fabric/node/command.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <string>

namespace {

using namespace fabric;
using environment = std::map<std::string, std::string>;

const environment hostile{{"PATH", "/evil"},       {"HOME", "/root"}, {"LANG", "C.UTF-8"},   {"TZ", "UTC"},
                          {"LD_PRELOAD", "/x.so"}, {"SECRET", "s"},   {"FABRIC_JOB_ID", "1"}};

node::command_line rendered(const config::job_class& how, const std::string& input, const environment& base = hostile,
                            const std::string& name = "c") {
  auto line = node::render(how, name, input, base);
  INFO((line ? "" : render(line.error())));
  REQUIRE(line.has_value());
  return *line;
}

environment env_of(const node::command_line& line) { return {line.env.begin(), line.env.end()}; }

config::job_class echo() {
  config::job_class one;
  one.command = {"/bin/echo", "{input.a}", "-{input.n}"};
  return one;
}

TEST_CASE("each placeholder stays one argument, whatever its value", "[command]") {
  const auto line = rendered(echo(), R"({"a": "x y; rm -rf / {input.n} $(id) ;", "n": 7})");
  CHECK(line.argv == std::vector<std::string>{"/bin/echo", "x y; rm -rf / {input.n} $(id) ;", "-7"});
  CHECK(rendered(echo(), R"({"a": "", "n": 7})").argv.at(1).empty());
}

TEST_CASE("only PATH, LANG, TZ and HOME reach a job, and PATH is fixed", "[command]") {
  const auto line = rendered(echo(), R"({"a": 1, "n": 2})");
  CHECK(env_of(line) ==
        environment{{"PATH", std::string(node::job_path)}, {"HOME", "/root"}, {"LANG", "C.UTF-8"}, {"TZ", "UTC"}});
  CHECK(env_of(rendered(echo(), R"({"a": 1, "n": 2})", {})) == environment{{"PATH", std::string(node::job_path)}});
}

TEST_CASE("a class's own variables win and come sorted, each once", "[command]") {
  auto how = echo();
  how.env = {{"PATH", "/opt/bin"}, {"A", "1"}, {"TZ", "CET"}};
  const auto line = rendered(how, R"({"a": 1, "n": 2})");
  CHECK(env_of(line).at("PATH") == "/opt/bin");
  CHECK(env_of(line).at("TZ") == "CET");
  CHECK(line.env.size() == 5);
  CHECK(std::is_sorted(line.env.begin(), line.env.end()));
}

TEST_CASE("another user does not get fabricd's HOME", "[command]") {
  auto how = echo();
  how.user = "nobody";
  const auto line = rendered(how, R"({"a": 1, "n": 2})");
  CHECK(line.user == "nobody");
  CHECK(!env_of(line).contains("HOME"));
}

TEST_CASE("the class's directory and limits go with the command", "[command]") {
  auto how = echo();
  how.cwd = "/srv";
  how.limits.wall = 90s;
  how.limits.output = 123;
  const auto line = rendered(how, R"({"a": 1, "n": 2})");
  CHECK(line.cwd == "/srv");
  CHECK(line.wall == duration{90s});
  CHECK(line.output_max == 123);
  CHECK(rendered(echo(), R"({"a": 1, "n": 2})").wall == duration{0});
  CHECK(line.limits == node::attempt_limits{});
  CHECK(line.stall == duration{0});
  how.limits.stall_timeout = 5s;
  CHECK(rendered(how, R"({"a": 1, "n": 2})").stall == duration{5s});
  how.limits = {{}, 0, 1, 2us, 3, 4, 5, 6};
  CHECK(rendered(how, R"({"a": 1, "n": 2})").limits == node::attempt_limits{1, 2, 3, 4, 5, 6});
}

TEST_CASE("an input that does not fit is refused with its pointer", "[command]") {
  const std::pair<std::string, std::string> cases[] = {
      {"{", "/input"},
      {"", "/input"},
      {"null", "/input/a"},
      {R"({"a": 1})", "/input/n"},
      {R"({"a": {}, "n": 1})", "/input/a"},
      {R"({"a": "\u0000", "n": 1})", "/input/a"},
  };
  for (const auto& [input, where] : cases) {
    const auto line = node::render(echo(), "c", input, hostile);
    INFO(input);
    REQUIRE(!line.has_value());
    CHECK(line.error().code == errc::bad_input);
    CHECK(line.error().where == where);
  }
  const auto line = node::render(config::job_class{}, "c", "null", hostile);
  REQUIRE(!line.has_value());
  CHECK(line.error().code == errc::bad_input);
}

TEST_CASE("an ad-hoc command comes from its input, braces and all", "[command]") {
  const auto line =
      rendered(config::job_class{}, R"({"argv": ["/bin/echo", "{input.a}"], "cwd": "/tmp", "env": {"A": "b"}})",
               hostile, "adhoc");
  CHECK(line.argv == std::vector<std::string>{"/bin/echo", "{input.a}"});
  CHECK(line.cwd == "/tmp");
  CHECK(env_of(line).at("A") == "b");
  CHECK(!env_of(line).contains("LD_PRELOAD"));
  CHECK(!node::render(config::job_class{}, "adhoc", R"({"argv": ["echo"]})", hostile).has_value());
}

TEST_CASE("an input cannot name a command for a class that is not adhoc", "[command]") {
  const auto line = rendered(echo(), R"({"a": 1, "n": 2, "argv": ["/bin/sh"]})");
  CHECK(line.argv.front() == "/bin/echo");
}

} // namespace
