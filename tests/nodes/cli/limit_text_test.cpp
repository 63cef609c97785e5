#include "nodes/cli/text/limit_text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using fabric::cli::limits_text;
using nlohmann::json;

TEST_CASE("a limit is told with what was measured, who keeps it and whether it ended the attempt", "[cli][limits]") {
  const auto limits = json::parse(R"([
      {"name": "memory", "unit": "bytes", "limit": 67108864, "measured": 83886080, "how": "sampled", "exceeded": true},
      {"name": "cpu", "unit": "us", "limit": 1500000, "measured": 20000, "how": "cgroup", "exceeded": false},
      {"name": "files", "unit": "count", "limit": 1024, "measured": null, "how": "rlimit", "exceeded": false}])");
  CHECK(limits_text(limits) ==
        "    memory         64 MiB, at most 80 MiB seen, kept by samples of the whole tree: EXCEEDED\n"
        "    cpu            1.5 s, at most 20 ms seen, kept by the kernel for the whole tree\n"
        "    files          1,024, kept by the kernel for each process\n");
}

TEST_CASE("what is no list of limits has no words", "[cli][limits]") {
  for (const char* text : {"[]", "{}", "[1]", "[{}]", "7", "\"x\"", R"([{"name": "m", "unit": 5, "limit": {}}])"})
    CHECK(limits_text(json::parse(text)).empty());
}

TEST_CASE("a report from a keeper gone mad cannot write on the terminal", "[cli][limits]") {
  const auto limits = json::parse(R"([{"name": "\u001b[2J", "unit": "count", "limit": 1, "measured": null,
                                       "how": "\u001b", "exceeded": false}])");
  CHECK(limits_text(limits).find('\x1b') == std::string::npos);
}
