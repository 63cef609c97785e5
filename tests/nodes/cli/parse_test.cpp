#include "tests/nodes/cli/parsing.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <string>
#include <vector>

using namespace fabric;
using namespace fabric::cli;
using namespace fabric::cli::testing;

namespace {

/// The tests must not see the variable of whoever runs them.
struct without_node {
  without_node() { ::unsetenv("FABRIC_NODE"); }
  ~without_node() { ::unsetenv("FABRIC_NODE"); }
};

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE_METHOD(without_node, "a bare subcommand has the defaults", "[cli][parse]") {
  const auto i = good({"lanes"});
  CHECK(i.command == "lanes");
  CHECK(i.node == config::endpoint{"127.0.0.1", 7600});
  CHECK_FALSE(i.json);
  CHECK_FALSE(i.patience);
  CHECK(good({"list"}).chosen.limit == 50);
  CHECK(good({"events"}).chosen.limit == 100);
}

TEST_CASE_METHOD(without_node, "options of the program may stand before and after the subcommand", "[cli][parse]") {
  for (const auto& i :
       {good({"--json", "--node", "[::1]:7601", "lanes"}), good({"lanes", "--json", "--node=[::1]:7601"})}) {
    CHECK(i.json);
    CHECK(i.node == config::endpoint{"::1", 7601});
  }
}

TEST_CASE_METHOD(without_node, "FABRIC_NODE names the node, and --node wins over it", "[cli][parse]") {
  ::setenv("FABRIC_NODE", "a1:7700", 1);
  CHECK(good({"lanes"}).node == config::endpoint{"a1", 7700});
  CHECK(good({"lanes", "--node", "b1:7701"}).node == config::endpoint{"b1", 7701});
  ::setenv("FABRIC_NODE", "nonsense", 1);
  CHECK(mentions(bad({"lanes"}), "nonsense"));
  CHECK(good({"lanes", "--node", "b1:7701"}).node == config::endpoint{"b1", 7701});
}

TEST_CASE_METHOD(without_node, "logs and run may show output raw", "[cli][parse]") {
  CHECK_FALSE(good({"logs", "1"}).raw);
  CHECK(good({"logs", "1", "--raw"}).raw);
  CHECK(good({"run", "--raw", "--wait", "--", "ls"}).raw);
}

TEST_CASE_METHOD(without_node, "what does not connect does not mind a bad FABRIC_NODE", "[cli][parse]") {
  ::setenv("FABRIC_NODE", "nonsense", 1);
  for (const words& from : {words{"--help"}, words{"submit", "--help"}, words{"--version"}}) {
    const auto parsed = parse(from);
    REQUIRE(std::holds_alternative<usage_text>(parsed));
    CHECK(std::get<usage_text>(parsed).code == 0);
  }
  CHECK(good({"config", "check", "f"}).path == "f");
}

TEST_CASE_METHOD(without_node, "submit takes every field of a submission", "[cli][parse]") {
  const auto i = good({"submit",
                       "checksum",
                       "--input",
                       "{\"path\": 1}",
                       "--priority",
                       "7",
                       "--delay",
                       "5m",
                       "--lane",
                       "fast",
                       "--idempotency-key",
                       "k",
                       "--ordering-key",
                       "build 42",
                       "--max-attempts",
                       "2",
                       "--owner",
                       "me",
                       "--label",
                       "a=b",
                       "--label",
                       "c=d=e",
                       "--wait",
                       "--timeout",
                       "30s",
                       "--patience",
                       "2m"});
  CHECK(i.command == "submit");
  CHECK(i.job.input == "{\"path\": 1}");
  CHECK(i.job.wait);
  CHECK(i.timeout == 30s);
  CHECK(i.patience == 2min);
  job_spec expected_spec;
  expected_spec.job_class = "checksum";
  expected_spec.priority = 7;
  expected_spec.delay = 5min;
  expected_spec.lane = "fast";
  expected_spec.idempotency_key = "k";
  expected_spec.ordering_key = "build 42";
  expected_spec.max_attempts = 2;
  expected_spec.owner = "me";
  expected_spec.labels = {{"a", "b"}, {"c", "d=e"}};
  CHECK(i.job.spec == expected_spec);
}

TEST_CASE_METHOD(without_node, "a dash means stdin", "[cli][parse]") {
  CHECK(good({"submit", "c", "--input", "-"}).job.input == "-");
  CHECK(good({"submit", "--file", "-", "--wait"}).job.file == "-");
}

TEST_CASE_METHOD(without_node, "submit needs a class or a file, not both and not neither", "[cli][parse]") {
  CHECK(mentions(bad({"submit"}), "CLASS or --file"));
  CHECK(mentions(bad({"submit", "c", "--file", "x"}), "CLASS or --file"));
  CHECK(mentions(bad({"submit", "--file", "x", "--priority", "3"}), "--file"));
}

TEST_CASE_METHOD(without_node, "bad values of submit are usage errors that name the option", "[cli][parse]") {
  CHECK(mentions(bad({"submit", "c", "--delay", "5"}), "--delay"));
  CHECK(mentions(bad({"submit", "c", "--input", ""}), "--input"));
  CHECK(mentions(bad({"submit", "c", "--input="}), "--input"));
  CHECK(mentions(bad({"submit", "c", "--timeout", "5s"}), "--wait"));
  CHECK(mentions(bad({"run", "--timeout", "5s", "--", "ls"}), "--wait"));
  CHECK(mentions(bad({"submit", "c", "--priority", "-1"}), "--priority"));
  CHECK(mentions(bad({"submit", "c", "--priority", "4294967296"}), "--priority"));
  CHECK(mentions(bad({"submit", "c", "--label", "nothing"}), "KEY=VALUE"));
  CHECK(mentions(bad({"submit", "c", "--label", "=x"}), "KEY=VALUE"));
  CHECK(mentions(bad({"submit", "c", "--label", "a=1", "--label", "a=2"}), "twice"));
  CHECK(mentions(bad({"submit", "c", "--lane", "a", "--lane", "b"}), "--lane"));
  CHECK(mentions(bad({"submit", "c", "--ordering-key", "a", "--ordering-key", "b"}), "--ordering-key"));
  CHECK(mentions(bad({"submit", "c", "--ordering-key"}), "--ordering-key"));
  CHECK(mentions(bad({"submit", "c", "--key", "a"}), "--key")); // Which of the two would it be?
  CHECK(mentions(bad({"submit", "--file", "x", "--ordering-key", "a"}), "--file"));
}

TEST_CASE_METHOD(without_node, "run takes everything behind the dashes as it is", "[cli][parse]") {
  const auto i = good({"run", "--wait", "--owner", "me", "--", "ls", "-l", "--json", "list", "--", "-"});
  CHECK(i.command == "run");
  CHECK(i.job.wait);
  CHECK_FALSE(i.json);
  CHECK(i.job.spec.owner == "me");
  CHECK(i.job.argv == words{"ls", "-l", "--json", "list", "--", "-"});
  CHECK(good({"run", "--", "-x"}).job.argv == words{"-x"});
  CHECK(good({"run", "--ordering-key", "k", "--", "ls"}).job.spec.ordering_key == "k");
  CHECK(good({"run", "true"}).job.argv == words{"true"});
}

TEST_CASE_METHOD(without_node, "run without a command is a usage error", "[cli][parse]") {
  bad({"run"});
  bad({"run", "--"});
}

TEST_CASE_METHOD(without_node, "only run takes dashes", "[cli][parse]") {
  CHECK(mentions(bad({"submit", "run", "--", "x"}), "--"));
}

TEST_CASE_METHOD(without_node, "numbers of jobs are read once each, in order", "[cli][parse]") {
  CHECK(good({"wait", "3", "1", "3", "2"}).ids == std::vector<job_id>{3, 1, 2});
  CHECK(good({"cancel", "9223372036854775807"}).ids == std::vector<job_id>{9223372036854775807U});
  CHECK(good({"show", "7", "--json"}).ids == std::vector<job_id>{7});
}

TEST_CASE_METHOD(without_node, "what is no number of a job is a usage error", "[cli][parse]") {
  for (const auto* command : {"wait", "show", "result", "logs", "cancel", "kick", "reset"}) {
    INFO(command);
    bad({command});
    bad({command, "0"});
    bad({command, "-1"});
    bad({command, "x"});
    bad({command, "1x"});
    bad({command, "18446744073709551616"});
  }
  bad({"show", "1", "2"});
}

TEST_CASE_METHOD(without_node, "list chooses", "[cli][parse]") {
  const auto i =
      good({"list", "--state", "buried,cancelled", "--lane", "slow", "--class", "c", "--limit", "7", "--after", "99"});
  CHECK(i.chosen.states == std::vector<job_state>{job_state::buried, job_state::cancelled});
  CHECK(i.chosen.lane == "slow");
  CHECK(i.chosen.job_class == "c");
  CHECK(i.chosen.limit == 7);
  CHECK(i.chosen.after == 99);
}

TEST_CASE_METHOD(without_node, "unknown states are named with the known ones", "[cli][parse]") {
  CHECK(mentions(bad({"list", "--state", "ready,done"}), "\"done\" is no state"));
  CHECK(mentions(bad({"list", "--state", "ready,"}), "succeeded"));
  bad({"list", "--limit", "0"});
  bad({"events", "--limit", "1001"});
}

TEST_CASE_METHOD(without_node, "logs and events follow", "[cli][parse]") {
  const auto i = good({"logs", "5", "--follow", "--stderr", "--attempt", "2"});
  CHECK(i.follow);
  CHECK(i.from_stderr);
  CHECK(i.attempt == 2);
  CHECK(good({"events", "-f"}).follow);
  bad({"logs", "5", "--attempt", "0"});
}

TEST_CASE_METHOD(without_node, "config check takes a file", "[cli][parse]") {
  const auto i = good({"config", "check", "x.json"});
  CHECK(i.command == "config check");
  CHECK(i.path == "x.json");
  bad({"config"});
  bad({"config", "check"});
}

TEST_CASE_METHOD(without_node, "unknown words are usage errors", "[cli][parse]") {
  bad({});
  bad({"frobnicate"});
  bad({"lanes", "--frobnicate"});
  bad({"lanes", "extra"});
  bad({"lanes", "--node", "here"});
  bad({"lanes", "--node", ""});
  bad({"lanes", "--node", "here:99999"});
}

TEST_CASE_METHOD(without_node, "help is no error and names the exit codes", "[cli][parse]") {
  const auto parsed = parse({"--help"});
  REQUIRE(std::holds_alternative<usage_text>(parsed));
  CHECK(std::get<usage_text>(parsed).code == 0);
  CHECK(mentions(std::get<usage_text>(parsed).text, "3 cannot reach the fabric"));
  CHECK(std::get<usage_text>(parse({"submit", "--help"})).code == 0);
  CHECK(std::get<usage_text>(parse({"--version"})).code == 0);
}

TEST_CASE("of several exit codes the most serious wins", "[cli][exit]") {
  CHECK(worse(done, job_failed) == job_failed);
  CHECK(worse(no_such_thing, job_failed) == no_such_thing);
  CHECK(worse(no_such_thing, refused) == refused);
  CHECK(worse(refused, out_of_time) == out_of_time);
  CHECK(worse(unreachable, out_of_time) == unreachable);
  CHECK(worse(done, done) == done);
}

TEST_CASE("errors have the exit codes that --help names", "[cli][exit]") {
  CHECK(exit_code_for(errc::unavailable) == 3);
  CHECK(exit_code_for(errc::not_found) == 4);
  CHECK(exit_code_for(errc::unknown_class) == 5);
  CHECK(exit_code_for(errc::limit_reached) == 5);
}
