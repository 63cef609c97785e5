#include "fabric/config/config.hpp"
#include "fabric/config/dump.hpp"
#include "fabric/config/load.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace fabric;
using nlohmann::json;

config::problems problems_of(const std::string& text) {
  auto all = config::load(text, "c.json");
  INFO(text);
  REQUIRE(!all.has_value());
  return all.error();
}

/// The one problem of a text that has one.
config::problem problem_of(const std::string& text) {
  const auto found = problems_of(text);
  INFO(config::render(found));
  REQUIRE(found.size() == 1);
  return found.front();
}

bool says(const config::problem& p, const std::string& words) {
  INFO(config::render(p) << " should say: " << words);
  CHECK(p.message.find(words) != std::string::npos);
  return p.message.find(words) != std::string::npos;
}

/// A config that has every option.
json complete() {
  auto all = config::defaults();
  config::job_class one;
  one.command = {"/bin/true"};
  one.env = {{"LC_ALL", "C"}};
  one.limits = {1h, 64 << 20, 64 << 20, 1min, 8, 16, 1 << 20, 1 << 30};
  all.classes = {{"one", one}};
  all.lanes[1].budget = 5h;
  all.lanes[1].timeout.what = config::on_timeout::kind::fail;
  all.node.workers = {{"fast", 2}};
  all.node.join = {"127.0.0.1:7600"};
  all.node.labels = {{"lifetime", "stable"}};
  all.lanes[0].requires_labels = {{"lifetime", "stable"}};
  all.lanes[1].place = {config::lane_place::kind::labels, "", {{"lifetime", "stable"}}};
  return json::parse(config::dump(all));
}

void collect(const json& value, const std::string& pointer, std::vector<std::string>& out) {
  if (!pointer.empty()) out.push_back(pointer);
  if (value.is_structured())
    for (const auto& [key, inner] : value.items()) collect(inner, pointer + "/" + key, out);
}

std::vector<std::string> every_option() {
  std::vector<std::string> all;
  collect(complete(), "", all);
  return all;
}

unsigned line_of(const std::string& text, const std::string& marker) {
  const auto at = text.find(marker);
  REQUIRE(at != std::string::npos);
  return 1 + static_cast<unsigned>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

/// Puts a bad value at a pointer, alone on its line, and returns whether exactly that place is complained of.
void check_refused(const std::string& pointer, const json& bad) {
  auto doc = complete();
  doc[json::json_pointer(pointer)] = bad;
  // The dump puts each value on a line of its own, and this one is unique.
  auto text = doc.dump(1);
  const auto found = problems_of(text);
  INFO(pointer << " = " << bad.dump() << "\n" << config::render(found));
  const auto it = std::find_if(found.begin(), found.end(), [&](const auto& p) { return p.pointer == pointer; });
  REQUIRE(it != found.end());
  CHECK(it->file == "c.json");
  CHECK(it->line == line_of(text, bad.dump()));
  CHECK(!it->message.empty());
}

TEST_CASE("a complete config has no problem", "[config]") {
  const auto all = config::load(complete().dump(1), "c.json");
  INFO((all ? "" : config::render(all.error())));
  CHECK(all.has_value());
}

TEST_CASE("an empty object is the defaults", "[config]") {
  const auto all = config::load("{}", "c.json");
  REQUIRE(all.has_value());
  CHECK(config::dump(*all) == config::dump(config::defaults()));
}

TEST_CASE("every option refuses a value of the wrong type, with its line and pointer", "[config]") {
  for (const auto& pointer : every_option()) check_refused(pointer, -98765.25);
}

TEST_CASE("every option but on_timeout's refuses text that means nothing", "[config]") {
  const std::vector<std::string> free = {
      "/node/name",     "/classes/one/lane", "/classes/one/user",      "/classes/one/env/LC_ALL",
      "/lanes/0/name",  "/lanes/1/name",     "/node/labels/lifetime",  "/lanes/0/requires/lifetime",
      "/lanes/0/place", "/lanes/1/place",    "/lanes/1/place/lifetime"};
  for (const auto& pointer : every_option())
    if (std::find(free.begin(), free.end(), pointer) == free.end()) check_refused(pointer, "no-such-thing");
}

TEST_CASE("every option that is not made for null refuses it", "[config]") {
  for (const auto& pointer : every_option()) {
    if (pointer.ends_with("/budget") || pointer.ends_with("/else")) continue;
    if (pointer.starts_with("/classes/one/limits/") && !pointer.ends_with("/output")) continue;
    if (pointer == "/classes/one/on_timeout") continue;
    auto doc = complete();
    doc[json::json_pointer(pointer)] = nullptr;
    const auto found = problems_of(doc.dump());
    INFO(pointer << "\n" << config::render(found));
    CHECK(std::any_of(found.begin(), found.end(), [&](const auto& p) { return p.pointer == pointer; }));
  }
}

TEST_CASE("every object refuses an unknown key, on its line and with the nearest known one", "[config]") {
  for (const auto& pointer : every_option()) {
    auto doc = complete();
    auto& at = doc[json::json_pointer(pointer)];
    const bool free = pointer == "/node/workers" || pointer == "/node/labels" || pointer == "/classes" ||
                      pointer.ends_with("/requires") || pointer.ends_with("/place") || pointer.ends_with("/env") ||
                      pointer == "/routing/params";
    if (!at.is_object() || free) continue;
    const auto known = at.begin().key();
    at[known + "q"] = "mark";
    const auto text = doc.dump(1);
    const auto p = problem_of(text);
    CHECK(p.pointer == pointer + "/" + known + "q");
    CHECK(p.line == line_of(text, "mark"));
    says(p, "unknown key \"" + known + "q\"; did you mean \"");
  }
  says(problem_of(R"({"nod": {}})"), "did you mean \"node\"?");
}

TEST_CASE("numbers, sizes and durations are refused outside their range", "[config]") {
  const std::vector<std::pair<std::string, json>> cases = {
      {"/node/threads", 65},
      {"/node/drain_timeout", "25h"},
      {"/node/drain_timeout", "25"},
      {"/node/drain_timeout", "-1s"},
      {"/node/workers/fast", 513},
      {"/node/memory_low", "12MB"},
      {"/node/memory_low", -5},
      {"/node/listen", "127.0.0.1:0"},
      {"/node/listen", "127.0.0.1:65536"},
      {"/node/listen", "127.0.0.1"},
      {"/node/listen", ":7600"},
      {"/node/listen", "::1:7600"},
      {"/node/listen", "0:7600"},
      {"/node/listen", "10.1.2:7600"},
      {"/node/listen", "example.org:7600"},
      {"/node/tls", "not/absolute"},
      {"/node/name", "a b"},
      {"/node/data", "relative/path"},
      {"/node/data", "/" + std::string(95, 'd')},
      {"/store/reserve", "2GiB"},
      {"/lanes/0/name", "fa st"},
      {"/lanes/0/slots", 4294967297},
      {"/lanes/0/slots", 1.5},
      {"/lanes/0/budget", "99ms"},
      {"/lanes/0/grace", "2h"},
      {"/classes/one/max_attempts", 1001},
      {"/classes/one/cwd", "here"},
      {"/classes/one/user", "a:b"},
      {"/classes/one/backoff/factor", 0.5},
      {"/classes/one/backoff/jitter", 1.5},
      {"/classes/one/backoff/base", "8d"},
      {"/classes/one/limits/wall", "1ms"},
      {"/classes/one/limits/stall_timeout", "366d"},
      {"/classes/one/limits/stall_timeout", 30},
      {"/classes/one/limits/memory", "1023KiB"},
      {"/classes/one/limits/cpu", "99ms"},
      {"/classes/one/limits/processes", 1000001},
      {"/classes/one/limits/files", 7},
      {"/classes/one/limits/file_size", "1KB"},
      {"/classes/one/limits/address_space", 4096},
      {"/limits/max_queued", 1000000001},
      {"/limits/max_inflight_submits", "8191KiB"},
      {"/lease/first", "2s"},
      {"/supervision/backoff", "6s"},
  };
  for (const auto& [pointer, bad] : cases) check_refused(pointer, bad);
}

TEST_CASE("zero is refused where nothing would work with it", "[config]") {
  for (const std::string pointer : {"/limits/max_queued", "/limits/max_waiters", "/classes/one/max_attempts"}) {
    auto doc = complete();
    doc[json::json_pointer(pointer)] = 0;
    CHECK(problem_of(doc.dump()).pointer == pointer);
  }
}

TEST_CASE("all problems are reported at once, by line", "[config]") {
  const auto found = problems_of(R"({
  // a comment
  "node": {"threads": "x", "lisen": 1},
  /* another,
     longer */
  "store": {"kind": "postgres"},
  "store": {"disk_low": "much"},
  "lanes": [
    {"name": "fast", "budget": "60s"},
    {"name": "fast", "slots": -1}
  ],
  "limits": 7
})");
  INFO(config::render(found));
  std::vector<std::string> got;
  for (const auto& p : found) got.push_back(std::to_string(p.line) + " " + p.pointer);
  CHECK(got == std::vector<std::string>{"3 /node/threads", "3 /node/lisen", "7 /store", "7 /store/disk_low",
                                        "10 /lanes/1/slots", "10 /lanes/1/name", "12 /limits"});
}

TEST_CASE("a key given twice is refused with both lines", "[config]") {
  const auto p = problem_of("{\n\"limits\": {\"max_waiters\": 5,\n \"max_waiters\": 6}}");
  CHECK(p.pointer == "/limits/max_waiters");
  CHECK(p.line == 3);
  says(p, "line 2");
}

TEST_CASE("text that is not JSON names the line", "[config]") {
  CHECK(problem_of("{\n\n  \"node\": {,}\n}").line == 3);
  CHECK(problem_of("{\"allow_ad_hoc\": true\n").line == 1);
  CHECK(problem_of("{\n\"node\": /* never closed \n").line >= 2);
  CHECK(problem_of("").message.find("JSON") != std::string::npos);
  says(problem_of("[]"), "object");
  says(problem_of("{} {}"), "JSON");
  says(problem_of("{\"node\": {\"name\": \"\xff\"}}"), "UTF-8");
  says(problem_of(std::string(100, '[')), "deeper");
  says(problem_of("{\"x\":" + std::string(40, '[')), "deeper");
  says(problem_of(std::string(config::document_bytes + 1, ' ')), "larger");
}

TEST_CASE("a number before a line break is reported on its own line", "[config]") {
  CHECK(problem_of("{\"node\": {\"threads\": 99\n}}").line == 1);
  const auto in_array = problems_of("{\"lanes\": [\n5\n]}");
  CHECK(in_array.front().pointer == "/lanes/0");
  CHECK(in_array.front().line == 2);
}

TEST_CASE("a file that cannot be read is one problem", "[config]") {
  for (const std::string path : {"/nonexistent/config.json", "/"}) {
    const auto all = config::load_file(path);
    REQUIRE(!all.has_value());
    REQUIRE(all.error().size() == 1);
    CHECK(all.error()[0].file == path);
    says(all.error()[0], "cannot be read: ");
  }
}

} // namespace
