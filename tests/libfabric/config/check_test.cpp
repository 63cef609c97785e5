#include "fabric/config/dump.hpp"
#include "fabric/config/endpoint.hpp"
#include "fabric/config/load.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

/// Rules between values.
namespace {

using namespace fabric;

void refused(const std::string& text, const std::string& pointer, const std::string& words) {
  const auto all = config::load(text, "c.json");
  INFO(text);
  REQUIRE(!all.has_value());
  INFO(config::render(all.error()));
  REQUIRE(all.error().size() == 1);
  CHECK(all.error()[0].pointer == pointer);
  CHECK(all.error()[0].line == 1);
  CHECK(all.error()[0].message.find(words) != std::string::npos);
}

void accepted(const std::string& text) {
  const auto all = config::load(text, "c.json");
  INFO(text << (all ? "" : config::render(all.error())));
  CHECK(all.has_value());
}

TEST_CASE("there is at least one lane, and each has its own name", "[config]") {
  refused(R"({"lanes": []})", "/lanes", "at least one");
  refused(R"({"lanes": [{"slots": 1}]})", "/lanes/0", "needs a \"name\"");
  refused(R"({"lanes": [{"name": "a"}, {"name": "b"}, {"name": "a"}]})", "/lanes/2/name", "/lanes/0");
}

TEST_CASE("a lane with a budget has somewhere to go, or fails", "[config]") {
  refused(R"({"lanes": [{"name": "a"}, {"name": "b", "budget": "1s"}]})", "/lanes/1/budget", "\"fail\"");
  accepted(R"({"lanes": [{"name": "a", "budget": "1s"}, {"name": "b"}]})");
  accepted(R"({"lanes": [{"name": "a", "budget": "1s", "on_timeout": "fail"}]})");
  accepted(R"({"lanes": [{"name": "a"}, {"name": "b", "budget": "1s", "on_timeout": {"move_to": "a"}}]})");
}

TEST_CASE("a budget that cannot be read is the only problem of its lane", "[config]") {
  refused(R"({"lanes": [{"name": "a"}, {"name": "b", "budget": "soon"}]})", "/lanes/1/budget", "soon");
  refused(R"({"lanes": [{"name": "a"}, {"name": "b", "budget": 60}]})", "/lanes/1/budget", "duration");
}

TEST_CASE("jobs over budget move to another, existing lane", "[config]") {
  refused(R"({"lanes": [{"name": "a", "budget": "1s", "on_timeout": {"move_to": "slw"}}, {"name": "slow"}]})",
          "/lanes/0/on_timeout/move_to", "did you mean \"slow\"?");
  refused(R"({"lanes": [{"name": "a", "budget": "1s", "on_timeout": {"move_to": "a"}}, {"name": "slow"}]})",
          "/lanes/0/on_timeout/move_to", "another lane");
}

TEST_CASE("jobs over budget do not go round in a circle", "[config]") {
  refused(
      R"({"lanes": [{"name": "a", "budget": "1s"}, {"name": "b", "budget": "1s", "on_timeout": {"move_to": "a"}}]})",
      "/lanes/0/on_timeout", "a -> b -> a");
  refused(R"({"lanes": [{"name": "x", "budget": "1s"}, {"name": "a", "budget": "1s"}, {"name": "b", "budget": "1s"}, )"
          R"({"name": "c", "budget": "1s", "on_timeout": {"move_to": "a"}}]})",
          "/lanes/1/on_timeout", "a -> b -> c -> a");
  // Without a budget nothing leaves the lane.
  accepted(R"({"lanes": [{"name": "a", "budget": "1s"}, {"name": "b", "on_timeout": {"move_to": "a"}}]})");
}

TEST_CASE("the ways to demote end with the first that can always be gone", "[config]") {
  const auto lanes = [](const std::string& how) {
    return R"({"lanes": [{"name": "a", "budget": "1s", "on_timeout": {)" + how + R"(}}, {"name": "b"}]})";
  };
  accepted(lanes(R"("mode": "carry", "else": "restart")"));
  accepted(lanes(R"("mode": "restart", "else": null)"));
  for (const auto* good : {R"("mode": "resume")", R"("mode": "carry")", R"("mode": "resume", "else": "restart")",
                           R"("mode": "carry", "else": "resume")", R"("mode": "carry", "else": ["resume", "restart"])",
                           R"("mode": "carry", "else": [])"})
    accepted(lanes(good));
  refused(lanes(R"("mode": "restart", "else": "resume")"), "/lanes/0/on_timeout/else", "never done after \"restart\"");
  refused(lanes(R"("mode": "resume", "else": "carry")"), "/lanes/0/on_timeout/else", "never done after \"resume\"");
  refused(lanes(R"("mode": "carry", "else": ["restart", "resume"])"), "/lanes/0/on_timeout/else", "never done");
  refused(lanes(R"("mode": "carry", "else": ["resume", "resume"])"), "/lanes/0/on_timeout/else/1", "differ");
  refused(lanes(R"("mode": "carry", "else": ["resume", 5])"), "/lanes/0/on_timeout/else/1", "one of");
  refused(lanes(R"("mode": "restart", "else": "restart")"), "/lanes/0/on_timeout/else", "differ");
  refused(lanes(R"("mode": "stop")"), "/lanes/0/on_timeout/mode", "\"restart\", \"resume\", \"carry\"");
}

TEST_CASE("a class may leave a lane in another way than the lane says", "[config]") {
  const auto of = [](const std::string& how) {
    return R"({"classes": {"c": {"command": ["/bin/true"], "on_timeout": )" + how + "}}}";
  };
  accepted(of("null"));
  accepted(of(R"({"mode": "carry", "else": ["resume", "restart"]})"));
  refused(of(R"({"mode": "restart", "else": "carry"})"), "/classes/c/on_timeout/else", "never done");
  refused(of(R"({"else": "resume"})"), "/classes/c/on_timeout", "needs a \"mode\"");
  refused(of(R"({"mode": "resume", "move_to": "slow"})"), "/classes/c/on_timeout/move_to", "unknown key");
  refused(of(R"("fail")"), "/classes/c/on_timeout", "not a string");
  const auto text = of(R"({"mode":"carry","else":["resume","restart"]})");
  const auto all = config::load(text, "c.json");
  REQUIRE(all);
  using enum policy::demotion_mode;
  CHECK(all->classes.at("c").on_timeout == std::vector{carry, resume, restart});
  const auto again = config::load(config::dump(*all), "dumped");
  REQUIRE(again);
  CHECK(again->classes.at("c").on_timeout == all->classes.at("c").on_timeout);
}

TEST_CASE("on_timeout is fail or an object", "[config]") {
  refused(R"({"lanes": [{"name": "a", "on_timeout": "fial"}]})", "/lanes/0/on_timeout", "\"fail\"");
  refused(R"({"lanes": [{"name": "a", "on_timeout": 5}]})", "/lanes/0/on_timeout", "not a number");
}

TEST_CASE("a node has no more slots than its runner can keep", "[config]") {
  accepted(R"({"lanes": [{"name": "a", "slots": 500}, {"name": "b", "slots": 12}]})");
  refused(R"({"lanes": [{"name": "a", "slots": 500}, {"name": "b", "slots": 13}]})", "/lanes", "add up to 513");
  refused(R"({"lanes": [{"name": "a", "slots": 513}]})", "/lanes/0/slots", "512");
  accepted(R"({"node": {"workers": {"b": 0}}, "lanes": [{"name": "a", "slots": 500}, {"name": "b", "slots": 500}]})");
  refused(R"({"node": {"workers": {"b": 512}}, "lanes": [{"name": "a"}, {"name": "b"}]})", "/node/workers",
          "512 at most");
}

TEST_CASE("workers and classes name lanes that exist", "[config]") {
  refused(R"({"node": {"workers": {"fats": 3}}})", "/node/workers/fats", "did you mean \"fast\"?");
  refused(R"({"classes": {"c": {"command": ["/bin/true"], "lane": "slwo"}}})", "/classes/c/lane",
          "did you mean \"slow\"?");
}

TEST_CASE("a class has a command whose program is fixed and absolute", "[config]") {
  refused(R"({"classes": {"c": {}}})", "/classes/c", "needs a \"command\"");
  refused(R"({"classes": {"c": {"command": []}}})", "/classes/c/command", "not be empty");
  refused(R"({"classes": {"c": {"command": ["true"]}}})", "/classes/c/command/0", "absolute path");
  refused(R"({"classes": {"c": {"command": "/bin/true"}}})", "/classes/c/command", "array of strings");
  refused(R"({"classes": {"c": {"command": ["/bin/{input.program}"]}}})", "/classes/c/command/0", "must not come from");
  refused(R"({"classes": {"c": {"command": ["/bin/echo", 5]}}})", "/classes/c/command/1", "string");
  refused(R"({"classes": {"c": {"command": ["/bin/echo", "a\u0000b"]}}})", "/classes/c/command/1", "NUL");
  refused(R"({"classes": {"c": {"command": ["/bin/echo", "{input.path"]}}})", "/classes/c/command/1", "brace");
  refused(R"({"classes": {"c": {"command": ["/bin/echo", "{path}"]}}})", "/classes/c/command/1", "{path}");
}

TEST_CASE("classes and variables have proper names, and adhoc is built in", "[config]") {
  refused(R"({"classes": {"a b": {"command": ["/bin/true"]}}})", "/classes/a b", "no name");
  refused(R"({"classes": {"a/b": {"command": ["/bin/true"]}}})", "/classes/a~1b", "no name");
  refused(R"({"classes": {"adhoc": {"command": ["/bin/true"]}}})", "/classes/adhoc", "built in");
  refused(R"({"classes": {"c": {"command": ["/bin/true"], "env": {"1A": ""}}}})", "/classes/c/env/1A", "variable");
  refused(R"({"classes": {"c": {"command": ["/bin/true"], "env": {"FABRIC_X": ""}}}})", "/classes/c/env/FABRIC_X",
          "set by the fabric");
  refused(R"({"classes": {"c": {"command": ["/bin/true"], "env": {"A": 1}}}})", "/classes/c/env/A", "string");
}

TEST_CASE("the parts of backoff and leases fit together", "[config]") {
  refused(R"({"classes": {"c": {"command": ["/bin/true"], "backoff": {"base": "5m", "max": "4m"}}}})",
          "/classes/c/backoff/max", "at least \"base\", 5m");
  refused(R"({"lease": {"first": "15s", "max": "14s"}})", "/lease/max", "at least \"first\", 15s");
  refused(R"({"lease": {"first": "30s"}})", "/lease/node_silence", "a third");
  accepted(R"({"lease": {"first": "3s", "max": "3s"}})");
}

TEST_CASE("supervision can come to its end", "[config]") {
  // 100 + 200 + 400 + 800 + 1600 ms.
  accepted(R"({"supervision": {"within": "3101ms"}})");
  refused(R"({"supervision": {"within": "3100ms"}})", "/supervision/within", "more than 3100ms");
  refused(R"({"supervision": {"restarts": 12}})", "/supervision/within", "12 restarts");
  refused(R"({"supervision": {"backoff": "5s", "restarts": 6}})", "/supervision/within", "more than 30s");
  accepted(R"({"supervision": {"restarts": 0, "within": "1s", "backoff": "5s"}})");
}

TEST_CASE("a policy says which parameters it takes", "[config]") {
  refused(R"({"routing": {"params": {"share": 3}}})", "/routing/params/share", "takes no parameters");
  refused(R"({"routing": {"policy": "fastest"}})", "/routing/policy", "\"fast-first\", \"slow-first\"");
}

TEST_CASE("the data directory leaves room for the socket in it", "[config]") {
  const auto config = [](std::size_t bytes) {
    return R"({"node": {"data": "/)" + std::string(bytes - 1, 'd') + R"("}})";
  };
  accepted(config(95)); // With /runner.sock these are 107.
  refused(config(96), "/node/data", "has 96 bytes; 95 at most");
}

TEST_CASE("every loopback address may be listened on", "[config]") {
  for (const std::string host : {"127.0.0.1", "127.255.1.2", "[::1]", "localhost"})
    accepted(R"({"node": {"listen": ")" + host + R"(:1"}})");
}

TEST_CASE("an address beyond loopback is listened on where it is named in numbers", "[config]") {
  CHECK(config::is_loopback(config::parse_endpoint(config::defaults().node.listen)->host));
  for (const std::string host : {"10.1.2.3", "0.0.0.0", "[::]", "[2001:db8::7]"})
    accepted(R"({"node": {"listen": ")" + host + R"(:7600"}})");
  refused(R"({"node": {"listen": "127.example.org:7600"}})", "/node/listen", "in numbers");
  refused(R"({"node": {"listen": "example:7600"}})", "/node/listen", "in numbers");
  refused(R"({"node": {"listen": "*:7600"}})", "/node/listen", "in numbers");
  refused(R"({"node": {"listen": "300.0.0.1:7600"}})", "/node/listen", "in numbers");
  refused(R"({"node": {"listen": ":7600"}})", "/node/listen", "the host is empty");
  refused(R"({"node": {"listen": "[]:7600"}})", "/node/listen", "");
}

TEST_CASE("a class has a command or a handler", "[config]") {
  accepted(R"({"classes": {"a": {"handler": "noop"}}})");
  accepted(R"({"classes": {"a": {"handler": "noop", "threads": "io"}, "b": {"handler": "x", "threads": 3}}})");
  refused(R"({"classes": {"a": {}}})", "/classes/a", "or a \"handler\"");
  refused(R"({"classes": {"a": {"handler": "noop", "command": ["/bin/true"]}}})", "/classes/a/handler", "not both");
  refused(R"({"classes": {"a": {"handler": "n p"}}})", "/classes/a/handler", "n p");
}

TEST_CASE("commands and handlers may have a stall timeout, and 0 is none", "[config]") {
  accepted(R"({"classes": {"a": {"command": ["/bin/true"], "limits": {"stall_timeout": "0s"}},
                           "b": {"handler": "noop", "limits": {"stall_timeout": "5m"}}}})");
}

TEST_CASE("what belongs to processes is refused for handlers, and threads for commands", "[config]") {
  refused(R"({"classes": {"a": {"command": ["/bin/true"], "threads": "io"}}})", "/classes/a/threads", "\"handler\"");
  refused(R"({"classes": {"a": {"handler": "noop", "cwd": "/tmp"}}})", "/classes/a/cwd", "\"command\"");
  refused(R"({"classes": {"a": {"handler": "noop", "env": {"A": "b"}}}})", "/classes/a/env", "\"command\"");
  refused(R"({"classes": {"a": {"handler": "noop", "user": "root"}}})", "/classes/a/user", "\"command\"");
}

TEST_CASE("the threads of a handler are compute, io or a number", "[config]") {
  for (const auto* threads : {"\"many\"", "0", "1025", "1.5", "-1"})
    refused(R"({"classes": {"a": {"handler": "noop", "threads": )" + std::string{threads} + "}}}", "/classes/a/threads",
            "\"compute\", \"io\" or a whole number from 1 to 1024");
  refused(R"({"classes": {"a": {"handler": "noop", "threads": null}}})", "/classes/a/threads", "not null");
}

} // namespace
