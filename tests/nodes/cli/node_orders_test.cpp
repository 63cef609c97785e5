#include "nodes/cli/text/node_text.hpp"
#include "tests/nodes/cli/parsing.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace fabric;
using namespace fabric::cli;
using namespace fabric::cli::testing;

TEST_CASE("what is about a node names one, or means the one that answers", "[cli][parse]") {
  CHECK(good({"drain"}).on_node.node.empty());
  const auto drain = good({"drain", "a1", "--deadline", "10s"});
  CHECK(drain.on_node.node == "a1");
  CHECK(drain.on_node.deadline == 10s);
  CHECK(good({"undrain", "a1"}).command == "undrain");
  CHECK(good({"detach"}).command == "detach");
  CHECK(good({"reload", "--dry-run"}).tool.dry_run);
  bad({"drain", "a1", "a2"});
  bad({"drain", "--deadline", "soon"});
}

TEST_CASE("policy shows, policy set changes, with parameters in JSON", "[cli][parse]") {
  CHECK(good({"policy"}).command == "policy");
  const auto set = good({"policy", "set", "mixed", "--param", "share=0.5", "--param", "name=x y"});
  CHECK(set.command == "policy set");
  CHECK(set.on_node.policy == "mixed");
  CHECK(set.on_node.params == std::map<std::string, std::string>{{"share", "0.5"}, {"name", "\"x y\""}});
  bad({"policy", "set"});
  bad({"policy", "set", "mixed", "--param", "share"});
}

TEST_CASE("a change is told by line, and whether it is in force", "[cli][text]") {
  const actors::change_receipt what{{}, {}, {"/a: 1 -> 2"}};
  CHECK(change_text(what, false) == "/a: 1 -> 2\nis in force\n");
  CHECK(change_text(what, true) == "/a: 1 -> 2\nwould be in force\n");
  CHECK(change_text({}, false) == "nothing changes\n");
  const actors::change_receipt refused{error{errc::bad_input, "bad", "x"}, {"line 7"}, {}};
  CHECK(to_json(refused)["error"]["code"] == "bad_input");
  CHECK(to_json(refused)["problems"] == nlohmann::json{"line 7"});
  CHECK(to_json(what)["error"].is_null());
}

TEST_CASE("the policy in force is marked", "[cli][text]") {
  CHECK(policy_text({{}, "f", "", "b", {"a", "b"}}) == "  a\n* b\n");
}

TEST_CASE("a drain is told by attempt, with what is left", "[cli][text]") {
  const actors::drain_report done_{{}, "a1", {{7, 2, "handed back", false}}};
  CHECK(drain_text(done_).starts_with("job 7 attempt 2: handed back\nnode a1 is drained: it holds nothing"));
  CHECK(to_json(done_)["attempts"][0]["what"] == "handed back");
  const actors::drain_report left{{}, "a1", {{7, 2, "cannot be killed", true}}};
  CHECK(drain_text(left).ends_with("node a1 is drained, but for 1 attempts\n"));
}
