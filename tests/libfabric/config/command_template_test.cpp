#include "fabric/config/command_template.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <string>

namespace {

using namespace fabric;
using nlohmann::json;

std::string filled(const std::string& argument, const json& input) {
  const auto text = config::fill_template(argument, input);
  INFO(argument << (text ? "" : ": " + render(text.error())));
  REQUIRE(text.has_value());
  return *text;
}

error refused(const std::string& argument, const json& input) {
  const auto text = config::fill_template(argument, input);
  INFO(argument);
  REQUIRE(!text.has_value());
  return text.error();
}

TEST_CASE("placeholders are replaced by strings, numbers and bools", "[config]") {
  const json input = {{"path", "/a b;$(c)"}, {"n", -5}, {"x", 1.5}, {"on", true}, {"a", {{"b", {{"c-d", "deep"}}}}}};
  CHECK(filled("{input.path}", input) == "/a b;$(c)");
  CHECK(filled("-n{input.n}:{input.x}", input) == "-n-5:1.5");
  CHECK(filled("{input.on}{input.on}", input) == "truetrue");
  CHECK(filled("<{input.a.b.c-d}>", input) == "<deep>");
  CHECK(filled("", input).empty());
  CHECK(filled("plain", nullptr) == "plain");
}

TEST_CASE("doubled braces are literal", "[config]") {
  const json input = {{"a", "{input.a}"}};
  CHECK(filled("{{}}", input) == "{}");
  CHECK(filled("{{input.a}}", input) == "{input.a}");
  CHECK(filled("{{{input.a}}}", input) == "{{input.a}}");
}

TEST_CASE("a malformed template is refused", "[config]") {
  for (const std::string bad : {"{", "}", "a{b", "a}b", "{}", "{input}", "{input.}", "{input..a}", "{input.a.}",
                                "{input.a b}", "{output.a}", "{input.a}}", "{ input.a}", "{input.{input.a}}"}) {
    INFO(bad);
    const auto pieces = config::parse_template(bad);
    REQUIRE(!pieces.has_value());
    CHECK(pieces.error().code == errc::bad_input);
  }
}

TEST_CASE("a value that cannot be an argument is refused with its pointer", "[config]") {
  const json input = {{"o", json::object()}, {"l", {1}}, {"z", nullptr}, {"nul", std::string("a\0b", 3)}, {"s", "x"}};
  for (const std::string key : {"o", "l", "z", "nul", "missing"}) {
    const auto e = refused("{input." + key + "}", input);
    CHECK(e.code == errc::bad_input);
    CHECK(e.where == "/input/" + key);
  }
  CHECK(refused("{input.s.deeper}", input).where == "/input/s/deeper");
  CHECK(refused("{input.s}", "text").where == "/input/s");
  CHECK(refused("{input.s}", nullptr).where == "/input/s");
}

TEST_CASE("an argument is as long as Linux takes and no longer", "[config]") {
  const json fits = {{"a", std::string(config::argument_bytes, 'x')}};
  CHECK(filled("{input.a}", fits).size() == config::argument_bytes);
  CHECK(refused("-{input.a}", fits).code == errc::too_large);
  const auto e = refused("{input.a}", {{"a", std::string(config::argument_bytes + 1, 'x')}});
  CHECK(e.code == errc::too_large);
  CHECK(e.where == "/input/a");
}

} // namespace
