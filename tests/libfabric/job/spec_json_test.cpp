#include "fabric/duration_text.hpp"
#include "fabric/job/json.hpp"
#include "fabric/job/limits.hpp"
#include "fabric/job/strict_json.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <string>

using namespace fabric;

namespace {

error refused(const std::string& text) {
  const auto spec = parse_job_spec(text);
  INFO(text.substr(0, 100));
  REQUIRE_FALSE(spec);
  CHECK_FALSE(spec.error().message.empty());
  return spec.error();
}

/// A job with one more member.
std::string with(const std::string& member) { return R"({"class":"c",)" + member + "}"; }

error wrong(const std::string& member, errc code = errc::bad_input) {
  const error e = refused(with(member));
  CHECK(e.code == code);
  return e;
}

/// A valid spec, changed by `change`.
template <class Change> job_spec spec_with(Change change) {
  job_spec spec;
  spec.job_class = "c";
  change(spec);
  return spec;
}

std::string quoted(std::size_t bytes) { return "\"" + std::string(bytes - 2, 'a') + "\""; }

} // namespace

TEST_CASE("a job needs nothing but a class", "[json]") {
  const auto spec = parse_job_spec(R"({"class":"checksum"})");
  REQUIRE(spec);
  CHECK(*spec == spec_with([](job_spec& s) { s.job_class = "checksum"; }));
}

TEST_CASE("every field of a job is read", "[json]") {
  const auto spec = parse_job_spec(
      R"({"class":"c","input":{"b":2,"a":[1]},"priority":0,"delay":"5m","lane":"fast","idempotency_key":"k 1",)"
      R"("max_attempts":5,"owner":"Zoë","labels":{"team":"a b","x.y":""},"key":"build 42"})");
  REQUIRE(spec);
  CHECK(spec->input == R"({"a":[1],"b":2})");
  CHECK(spec->priority == 0);
  CHECK(spec->delay == 5min);
  CHECK(spec->lane == "fast");
  CHECK(spec->idempotency_key == "k 1");
  CHECK(spec->max_attempts == 5u);
  CHECK(spec->owner == "Zoë");
  CHECK(spec->labels == std::map<std::string, std::string>{{"team", "a b"}, {"x.y", ""}});
  CHECK(spec->ordering_key == "build 42");
  CHECK(parse_job_spec(json_text(to_json(*spec))) == *spec);
  CHECK(checked(*spec) == *spec);
}

TEST_CASE("a missing class and a value that is no object are refused", "[json]") {
  CHECK(refused("{}").where == "/class");
  for (const auto* text : {"null", "[]", "1", "\"c\"", "", "[{\"class\":\"c\"}]"})
    CHECK(refused(text).code == errc::bad_input);
}

TEST_CASE("an unknown field is refused and the nearest known one named", "[json]") {
  const error e = wrong(R"("prioritty":1)");
  CHECK(e.where == "/prioritty");
  CHECK(e.message.find("\"priority\"") != std::string::npos);
  CHECK(wrong(R"("zzzzzzzz":1)").message == "unknown field");
  CHECK(wrong(R"("a/b~":1)").where == "/a~1b~0");
  CHECK(wrong(R"("Class":1)").message.find("\"class\"") != std::string::npos);
}

TEST_CASE("every field refuses every wrong type by its pointer", "[json]") {
  const std::string number = "1", text = "\"c\"", list = "[]", object = "{}", none = "null", yes = "true",
                    fraction = "1.0";
  const auto refuses = [](const std::string& field, std::initializer_list<std::string> values) {
    for (const auto& value : values) {
      const std::string member = "\"" + field + "\":" + value;
      const error e = field == "class" ? refused("{" + member + "}") : refused(with(member));
      CHECK(e.code == errc::bad_input);
      CHECK(e.where == "/" + field);
    }
  };
  for (const auto* field : {"class", "lane", "idempotency_key", "owner", "key"})
    refuses(field, {number, list, object, none, yes, fraction});
  for (const auto* field : {"priority", "max_attempts"})
    refuses(field, {text, list, object, none, yes, fraction, "\"1\"", "-1", "4294967296", "18446744073709551615",
                    "-9223372036854775808", "1e3", "18446744073709551616", "1e400"});
  refuses("delay", {number, list, object, none, yes, fraction, text, "\"\"", "\"5\"", "\"-5s\"", "\"1.5s\"",
                    "\"3651d\"", "\"99999999999999999999s\"", "\"5m \""});
  refuses("labels", {number, text, list, none, yes});
  CHECK(wrong(R"("labels":{"k":1})").where == "/labels/k");
  CHECK(wrong(R"("labels":{"k":null})").where == "/labels/k");
}

TEST_CASE("numbers are taken to the ends of their ranges", "[json]") {
  CHECK(parse_job_spec(with(R"("priority":4294967295)"))->priority == 4294967295u);
  CHECK(parse_job_spec(with(R"("max_attempts":1)"))->max_attempts == 1u);
  CHECK(parse_job_spec(with(R"("max_attempts":1000)"))->max_attempts == 1000u);
  CHECK(parse_job_spec(with(R"("delay":"3650d")"))->delay == longest_duration);
  CHECK(parse_job_spec(with(R"("delay":"0s")"))->delay == 0s);
  CHECK(wrong(R"("max_attempts":0)").where == "/max_attempts");
  CHECK(wrong(R"("max_attempts":1001)").where == "/max_attempts");
}

TEST_CASE("names are checked where a name is meant", "[json]") {
  for (const auto* bad : {"", "a b", "a/b", "é", "a\\u0000", "a\\n"}) {
    const std::string value = "\"" + std::string(bad) + "\"";
    CHECK(refused("{\"class\":" + value + "}").where == "/class");
    CHECK(wrong("\"lane\":" + value).where == "/lane");
    CHECK(wrong("\"labels\":{" + value + ":\"\"}").where.starts_with("/labels/"));
  }
  CHECK(parse_job_spec("{\"class\":" + quoted(66) + "}"));
  CHECK(refused("{\"class\":" + quoted(67) + "}").where == "/class");
}

TEST_CASE("free text is bounded and has no control characters", "[json]") {
  CHECK(parse_job_spec(with("\"owner\":" + quoted(66))));
  CHECK(wrong("\"owner\":" + quoted(67)).where == "/owner");
  CHECK(parse_job_spec(with("\"idempotency_key\":" + quoted(257))));
  CHECK(wrong("\"idempotency_key\":" + quoted(258)).where == "/idempotency_key");
  CHECK(wrong("\"idempotency_key\":\"\"").where == "/idempotency_key");
  CHECK(parse_job_spec(with("\"key\":" + quoted(257))));
  CHECK(wrong("\"key\":" + quoted(258)).where == "/key");
  CHECK(wrong("\"key\":\"\"").message == "must have 1 to 255 bytes, has 0");
  CHECK(parse_job_spec(with("\"labels\":{\"k\":" + quoted(257) + "}")));
  CHECK(wrong("\"labels\":{\"k\":" + quoted(258) + "}").where == "/labels/k");
  for (const auto* field : {"owner", "idempotency_key", "key"})
    for (const auto* bad : {"a\\u0000b", "a\\nb", "\\u001b[2J", "\\u007f"})
      CHECK(wrong("\"" + std::string(field) + "\":\"" + bad + "\"").where == "/" + std::string(field));
}

TEST_CASE("sixteen labels are allowed, seventeen are not", "[json]") {
  std::string labels = "\"labels\":{\"l0\":\"\"";
  for (int i = 1; i < 16; ++i) labels += ",\"l" + std::to_string(i) + "\":\"\"";
  CHECK(parse_job_spec(with(labels + "}")));
  CHECK(wrong(labels + ",\"l16\":\"\"}").where == "/labels");
}

TEST_CASE("an input may have exactly 1 MiB as compact text", "[json]") {
  CHECK(parse_job_spec(with("\"input\":  " + quoted(limits::input_bytes))));
  CHECK(wrong("\"input\":" + quoted(limits::input_bytes + 1), errc::too_large).where == "/input");
  const std::string padding(limits::spec_bytes, ' ');
  CHECK(refused(padding + "{}").code == errc::too_large);
}

TEST_CASE("an input may be nested 32 deep, however it is submitted", "[json]") {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  CHECK(parse_job_spec(with("\"input\":" + nested(32))));
  CHECK(wrong("\"input\":" + nested(33)).where.starts_with("/input/0/0"));
  CHECK(checked(spec_with([&](job_spec& s) { s.input = nested(32); })));
  const auto deep = checked(spec_with([&](job_spec& s) { s.input = nested(33); }));
  REQUIRE_FALSE(deep);
  CHECK(deep.error().where.starts_with("/input/0/0"));
}

TEST_CASE("a spec from C++ obeys the same rules", "[json]") {
  const auto where = [](job_spec spec) {
    const auto result = checked(std::move(spec));
    REQUIRE_FALSE(result);
    return result.error().where;
  };
  CHECK(checked(spec_with([&](job_spec& s) { s.input = " { } "; }))->input == "{}");
  CHECK(where(spec_with([&](job_spec& s) { s.job_class = ""; })) == "/class");
  CHECK(where(spec_with([&](job_spec& s) { s.input = ""; })) == "/input");
  CHECK(where(spec_with([&](job_spec& s) { s.input = R"({"a":{"b":1,"b":2}})"; })) == "/input/a/b");
  CHECK(where(spec_with([&](job_spec& s) { s.input = std::string(limits::input_bytes + 1, ' '); })) == "/input");
  CHECK(where(spec_with([&](job_spec& s) { s.delay = -1us; })) == "/delay");
  CHECK(where(spec_with([&](job_spec& s) { s.delay = longest_duration + 1us; })) == "/delay");
  CHECK(where(spec_with([&](job_spec& s) { s.lane = ""; })) == "/lane");
  CHECK(where(spec_with([&](job_spec& s) { s.idempotency_key = "\xFF"; })) == "/idempotency_key");
  CHECK(where(spec_with([&](job_spec& s) { s.ordering_key = ""; })) == "/key");
  CHECK(where(spec_with([&](job_spec& s) { s.ordering_key = "a\nb"; })) == "/key");
  CHECK(where(spec_with([&](job_spec& s) { s.ordering_key = "\xFF"; })) == "/key");
  CHECK(where(spec_with([&](job_spec& s) { s.ordering_key = std::string(256, 'k'); })) == "/key");
  CHECK(where(spec_with([&](job_spec& s) { s.max_attempts = 0; })) == "/max_attempts");
  CHECK(where(spec_with([&](job_spec& s) { s.owner = "\xC0\xAF"; })) == "/owner");
  CHECK(where(spec_with([&](job_spec& s) { s.labels = {{"\xFF", ""}}; })) == "/labels");
  CHECK(where(spec_with([&](job_spec& s) { s.labels = {{"k", "\xED\xA0\x80"}}; })) == "/labels/k");
}
