#include "fabric/config/config.hpp"
#include "fabric/config/dump.hpp"
#include "fabric/config/load.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

/// The configs that are shipped in config/.
namespace {

using namespace fabric;

std::string shipped(const std::string& name) { return std::string(FABRIC_SOURCE_DIR) + "/config/" + name; }

std::string text_of(const std::string& name) {
  std::ifstream in(shipped(name));
  std::stringstream text;
  text << in.rdbuf();
  REQUIRE(!text.str().empty());
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

config::root loaded(const std::string& name) {
  const auto all = config::load_file(shipped(name));
  INFO((all ? "" : config::render(all.error())));
  REQUIRE(all.has_value());
  return *all;
}

/// Every pointer of a's values is in b.
void require_covered(const nlohmann::json& a, const nlohmann::json& b, const std::string& pointer = "") {
  if (!a.is_object() && !a.is_array()) return;
  for (const auto& [key, value] : a.items()) {
    const auto here = nlohmann::json::json_pointer(pointer + "/" + key);
    INFO("missing: " << here.to_string());
    REQUIRE(b.contains(here));
    require_covered(value, b, here.to_string());
  }
}

TEST_CASE("full.json is the built-in defaults", "[config]") {
  CHECK(config::dump(loaded("full.json")) == config::dump(config::defaults()));
}

TEST_CASE("full.json writes out every option", "[config]") {
  const auto full = nlohmann::json::parse(text_of("full.json"), nullptr, true, true);
  require_covered(nlohmann::json::parse(config::dump(config::defaults())), full);
}

TEST_CASE("every option of full.json has a comment", "[config]") {
  bool lanes_shown = false;
  for (const auto& line : lines_of(text_of("full.json"))) {
    if (line.find("\"slow\",") != std::string::npos) lanes_shown = true;
    if (line.find("\"routing\"") != std::string::npos) lanes_shown = false;
    const auto colon = line.find("\": ");
    if (lanes_shown || colon == std::string::npos || line.back() == '{' || line.back() == '[') continue;
    if (line.find("\"classes\"") != std::string::npos) continue;
    INFO(line);
    CHECK(line.find("// ", colon) != std::string::npos);
  }
}

TEST_CASE("the class shown in full.json's comments has every option with its default", "[config]") {
  std::string shown;
  for (const auto& line : lines_of(text_of("full.json")))
    if (line.starts_with("  //   ")) shown += line.substr(4) + "\n";
  const auto text = "{\"classes\": {" + shown + "}}";
  const auto all = config::load(text, "full.json");
  INFO(text << (all ? "" : config::render(all.error())));
  REQUIRE(all.has_value());
  REQUIRE(all->classes.size() == 1);
  config::job_class plain;
  plain.command = all->classes.begin()->second.command;
  CHECK(config::dump(all->classes.begin()->second) == config::dump(plain));
  const auto raw = nlohmann::json::parse(text, nullptr, true, true);
  require_covered(nlohmann::json::parse(config::dump(plain)), raw["classes"].front());
}

TEST_CASE("fast-first.json and slow-first.json differ only in the policy", "[config]") {
  const auto fast = lines_of(text_of("fast-first.json"));
  const auto slow = lines_of(text_of("slow-first.json"));
  REQUIRE(fast.size() == slow.size());
  std::vector<std::string> differ;
  for (std::size_t i = 0; i < fast.size(); ++i)
    if (fast[i] != slow[i]) differ.push_back(fast[i] + slow[i]);
  CHECK(differ ==
        std::vector<std::string>{R"(  "routing": {"policy": "fast-first"},  "routing": {"policy": "slow-first"},)"});
}

TEST_CASE("the shipped policies load as they are meant", "[config]") {
  for (const std::string name : {"fast-first", "slow-first"}) {
    const auto all = loaded(name + ".json");
    CHECK(all.routing.policy == name);
    REQUIRE(all.lanes.size() == 2);
    CHECK(all.lanes[0].name == "fast");
    CHECK(all.lanes[0].slots == 3);
    CHECK(all.lanes[0].budget == duration{60s});
    CHECK(all.lanes[0].timeout.move_to == "slow");
    CHECK(all.lanes[1].name == "slow");
    CHECK(all.lanes[1].slots == 1);
    CHECK(!all.lanes[1].budget);
    CHECK(!all.node.allow_root);
    CHECK(!all.allow_ad_hoc);
    CHECK(all.classes.size() == 3);
  }
}

TEST_CASE("what dump writes loads as the same configuration", "[config]") {
  for (const auto* name : {"full.json", "fast-first.json"}) {
    const auto all = loaded(name);
    const auto again = config::load(config::dump(all), "dumped");
    INFO((again ? "" : config::render(again.error())));
    REQUIRE(again.has_value());
    CHECK(config::dump(*again) == config::dump(all));
  }
}

} // namespace
