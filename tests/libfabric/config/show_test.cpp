#include "fabric/config/dump.hpp"
#include "fabric/config/load.hpp"
#include "fabric/config/show.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric::config;

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != text.npos;
}

} // namespace

TEST_CASE("the configuration in force names every option and the line of what was written", "[config]") {
  const std::string text = R"({
  "node": {"name": "n1"},
  "lanes": [
    {"name": "only", "slots": 2}]
})";
  const auto all = load(text, "f").value();
  const auto shown = show(all, parse_document(text, "f").value());
  CHECK(has_line(shown, R"(    "name": "n1", // line 2)"));
  CHECK(has_line(shown, R"(      "slots": 2, // line 4)"));
  CHECK(shown.find("\"listen\": \"127.0.0.1:7600\",\n") != shown.npos);
  CHECK(values_set(all, parse_document(text, "f").value()) ==
        std::vector<std::string>{"/node/name", "/lanes/0/name", "/lanes/0/slots"});
}

TEST_CASE("what is shown can be loaded and is the same", "[config]") {
  for (const std::string text : {"{}", R"({"node": {"name": "x"}, "lanes": [{"name": "only", "slots": 2}]})"}) {
    const auto all = load(text, "f").value();
    CHECK(dump(load(show(all, parse_document(text, "f").value()), "shown").value()) == dump(all));
  }
}
