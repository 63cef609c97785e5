#include "nodes/cli/text/job_progress.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace fabric;
using namespace fabric::cli;

TEST_CASE("progress is told in words, and how old it is", "[cli]") {
  const seen_progress seen{R"({"percent":42.5,"message":"copying\u001b","counters":{"gb":0.5,"rows":1200},"lines":3})",
                           3200ms};
  CHECK(progress_text(seen) == R"(42.5 %, copying\x1b, gb 0.5, rows 1,200 (3.2 s ago))");
  CHECK(progress_text({R"({"percent":100,"message":null,"counters":{}})", 10ms}) == "100 % (now)");
}

TEST_CASE("progress of another form is shown as far as it is understood", "[cli]") {
  CHECK(progress_words(nlohmann::json::parse(R"({"percent":"x","message":7,"counters":[1]})")).empty());
  CHECK(progress_words(nlohmann::json("text")).empty());
  CHECK(progress_words(nlohmann::json::parse(R"({"counters":{"a":-5,"b":"x"}})")) == "a -5");
}

TEST_CASE("progress as JSON has its age", "[cli]") {
  CHECK(to_json(seen_progress{R"({"percent":1})", 1500ms}).dump() == R"({"age_s":1.5,"percent":1})");
  CHECK(to_json(seen_progress{"broken", 0s}) == "broken");
}
