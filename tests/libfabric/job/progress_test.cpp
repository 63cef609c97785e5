#include "fabric/job/progress.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <limits>

using namespace fabric;

namespace {

job_progress after(std::initializer_list<std::string_view> lines) {
  job_progress p;
  for (const auto line : lines) take_line(p, line);
  return p;
}

} // namespace

TEST_CASE("a line of progress may be an object, a number or text", "[progress]") {
  CHECK(after({R"({"percent": 42.5, "message": "copying", "counters": {"rows": 1200}})"}) ==
        job_progress{42.5, "copying", {{"rows", 1200}}});
  CHECK(after({"42.5"}) == job_progress{42.5, "", {}});
  CHECK(after({" 7% \r"}) == job_progress{7, "", {}});
  CHECK(after({"  copying\t"}) == job_progress{{}, "copying", {}});
  CHECK(after({"", "  \r"}) == job_progress{});
}

TEST_CASE("what a line does not name stays", "[progress]") {
  const auto p = after({R"({"counters": {"a": 1, "b": 2}})", "half way", "50", R"({"counters": {"b": 3}})"});
  CHECK(p == job_progress{50, "half way", {{"a", 1}, {"b", 3}}});
}

TEST_CASE("what is of another form is ignored, and text that only looks like an object is a message", "[progress]") {
  CHECK(after({R"({"percent": "5", "message": 7, "counters": [1], "other": {}})"}) == job_progress{});
  CHECK(after({R"({"percent": null, "counters": {"a": "x", "b": true, "c": 1}})"}).counters ==
        std::map<std::string, double>{{"c", 1}});
  CHECK(after({"{broken"}).message == "{broken");
  CHECK(after({R"({"counters": {"a": {"too": "deep"}}})"}).message == R"({"counters": {"a": {"too": "deep"}}})");
  CHECK(after({"nan"}) == job_progress{{}, "nan", {}});
  CHECK(after({"1e999"}).message == "1e999");
  CHECK(after({"12 of 20"}).message == "12 of 20");
}

TEST_CASE("a percent is cut to its range", "[progress]") {
  CHECK(after({"250"}).percent == 100);
  CHECK(after({"-3"}).percent == 0);
  job_progress p;
  p.set_percent(std::numeric_limits<double>::quiet_NaN());
  p.set_counter("inf", std::numeric_limits<double>::infinity());
  CHECK(p == job_progress{});
}

TEST_CASE("a message is short, of one line and UTF-8", "[progress]") {
  CHECK(after({std::string(5000, 'x')}).message == std::string(progress_message_bytes, 'x'));
  const auto cut = after({"x" + std::string(5000, 'y') + "ä"}).message;
  CHECK(cut.size() == progress_message_bytes);
  std::string umlauts = "x";
  for (int i = 0; i < 200; ++i) umlauts += "ä";
  CHECK(after({umlauts}).message == umlauts.substr(0, 199));
  CHECK(after({std::string("a\0b\x1b[2Jc\x7f", 9)}).message == "a b [2Jc ");
  CHECK(after({"ok \xff\xfe"}).message == "ok ??");
}

TEST_CASE("counters are bounded in number and name", "[progress]") {
  job_progress p;
  for (int i = 0; i < 100; ++i) p.set_counter("c" + std::to_string(i), i);
  CHECK(p.counters.size() == progress_counters);
  p.set_counter("c3", 99);
  CHECK(p.counters.at("c3") == 99);
  job_progress q;
  q.set_counter(std::string(1000, 'n'), 1);
  CHECK(q.counters.begin()->first.size() == progress_counter_bytes);
}

TEST_CASE("progress as JSON has every key, and whole numbers as such", "[progress]") {
  CHECK(to_json(job_progress{}).dump() == R"({"counters":{},"message":null,"percent":null})");
  CHECK(to_json(job_progress{50, "m", {{"a", 1200}, {"b", 0.5}, {"c", 1e300}}}).dump() ==
        R"({"counters":{"a":1200,"b":0.5,"c":1e+300},"message":"m","percent":50})");
}
