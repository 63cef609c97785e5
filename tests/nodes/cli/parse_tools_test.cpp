#include "tests/nodes/cli/parsing.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <string>
#include <vector>

using namespace fabric;
using namespace fabric::cli;
using namespace fabric::cli::testing;

TEST_CASE("the tools name a node's files, and do not mind a bad FABRIC_NODE", "[cli][parse]") {
  ::setenv("FABRIC_NODE", "no port", 1);
  const auto backup = good({"store", "backup", "copy.db", "--data", "/d"});
  CHECK(backup.command == "store backup");
  CHECK(backup.path == "copy.db");
  CHECK(backup.tool.data == "/d");
  CHECK(good({"store", "check", "--quick"}).tool.quick);
  CHECK(good({"store", "info", "--config", "c.json"}).tool.config == "c.json");
  CHECK(good({"doctor", "--config", "c.json"}).command == "doctor");
  CHECK(good({"config", "show", "c.json"}).path == "c.json");
  CHECK(good({"config", "show", "--defaults"}).tool.defaults);
  bad({"config", "show"}); // Asks the node.
  CHECK(good({"completion", "bash"}).tool.shell == "bash");
  ::unsetenv("FABRIC_NODE");
  CHECK(good({"config", "show"}).path.empty());
  bad({"config", "show", "c.json", "--defaults"});
  bad({"store"});
  bad({"store", "backup"});
  bad({"completion", "csh"});
  bad({"top"}); // It will be able to go on, one day.
}

TEST_CASE("cancel and kick take numbers, or what chooses many jobs, not both", "[cli][parse]") {
  const auto many = good({"cancel", "--state", "ready,scheduled", "--class", "sh", "--error", "no such", "--dry-run"});
  CHECK(many.tool.bulk);
  CHECK(many.tool.dry_run);
  CHECK(many.tool.error == "no such");
  CHECK(many.chosen.states == std::vector{job_state::ready, job_state::scheduled});
  CHECK_FALSE(good({"cancel", "1", "2"}).tool.bulk);
  CHECK(good({"kick", "--lane", "fast", "--yes"}).tool.yes);
  CHECK(bad({"cancel"}).find("either job numbers or --state") != std::string::npos);
  bad({"cancel", "1", "--class", "sh"});
  bad({"cancel", "1", "--dry-run"});
  CHECK(bad({"kick", "--state", "ready"}).find("only buried") != std::string::npos);
  CHECK(bad({"cancel", "--state", "succeeded"}).find("have ended") != std::string::npos);
}

TEST_CASE("the completion knows every command and its options", "[cli][parse]") {
  const auto script = completion_script();
  for (const auto* part : {"'store backup')", "'submit')", "--idempotency-key", "'config')", " check", "--dry-run"})
    CHECK(script.find(part) != std::string::npos);
}
