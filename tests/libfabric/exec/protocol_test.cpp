#include "fabric/exec/protocol.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>

using namespace fabric;
using namespace fabric::exec;

namespace {

std::vector<to_runner> every_order() {
  run r;
  r.fence = ~0ull;
  r.job = 7;
  r.attempt = 3;
  r.job_class = "checksum";
  r.lane = "fast";
  r.argv = {"/bin/echo", "", "ä", std::string("a\0b", 3)};
  r.env = {{"LC_ALL", "C"}, {"EMPTY", ""}};
  r.cwd = "/tmp";
  r.user = "nobody";
  r.input = R"({"a":1})";
  r.deadline_us = 1'234'567'890'123;
  r.wall_us = -1;
  r.output_max = 1u << 20;
  r.grace_us = 5;
  r.node_name = "a1";
  r.limits = {1, 2, 3, 4, 5, 6};
  r.stall_us = 7;
  return {run{},
          r,
          stop{4, stop_reason::abandoned, 1},
          extend{{{1, 2}, {3, -4}}},
          extend{},
          forget{9},
          prune{{{1, 2}, {3, 0}}},
          resize{8},
          leave{},
          relane{7, "slow"}};
}

std::vector<from_runner> every_report() {
  has_ended e;
  e.what.fence = 5;
  e.what.job = 6;
  e.what.attempt = 2;
  e.what.lane = "slow";
  e.what.stopped = stop_reason::budget;
  e.what.end = {outcome::demoted, true, time_point(duration(12)), duration(34), "why", "{}", std::nullopt, 4096, true};
  auto with_result = e;
  with_result.what.end.how = outcome::succeeded;
  with_result.what.end.result = "[1]";
  return {hello{protocol_version, "0.1", 42, {{1, 2, 3, duration(4), "fast"}}, 2},
          hello{},
          was_started{1, 2, 3},
          was_refused{1, "no"},
          e,
          with_result,
          slot_leaked{1, "stuck"},
          has_progressed{1, 2, R"({"percent":42.5})"}};
}

// A frame has no comparison of its own; its bytes have.
template <class Decode, class Messages> void check_round_trip(const Messages& messages, Decode decode) {
  for (const auto& m : messages) {
    const auto frame = encode(m);
    const auto again = decode(std::string_view(frame).substr(4));
    REQUIRE(again);
    CHECK(again->index() == m.index());
    CHECK(encode(*again) == frame);
  }
}

} // namespace

TEST_CASE("every order survives its way over the wire", "[exec]") { check_round_trip(every_order(), decode_to_runner); }

TEST_CASE("every report survives its way over the wire", "[exec]") {
  check_round_trip(every_report(), decode_from_runner);
}

TEST_CASE("an attempt's end keeps each field", "[exec]") {
  const auto frame = encode(every_report()[5]);
  const auto again = decode_from_runner(std::string_view(frame).substr(4));
  REQUIRE(again);
  const auto& e = std::get<has_ended>(*again).what;
  CHECK(e.fence == 5);
  CHECK(e.job == 6);
  CHECK(e.attempt == 2);
  CHECK(e.lane == "slow");
  CHECK(e.stopped == stop_reason::budget);
  CHECK(e.end ==
        attempt_end{outcome::succeeded, true, time_point(duration(12)), duration(34), "why", "{}", "[1]", 4096, true});
}

TEST_CASE("a frame that is cut or longer than its message is refused", "[exec]") {
  for (const auto& m : every_order()) {
    const auto frame = encode(m);
    const auto body = std::string_view(frame).substr(4);
    for (std::size_t n = 0; n < body.size(); ++n) CHECK_FALSE(decode_to_runner(body.substr(0, n)));
    CHECK_FALSE(decode_to_runner(std::string(body) + "\xc0"));
  }
}

TEST_CASE("what is not a message is refused", "[exec]") {
  const std::string bodies[] = {"",
                                "\xc0",
                                "\x90",                                          // []
                                "\x92\xa4stop",                                  // ["stop", and no more
                                "\x92\xa4stop\x90",                              // ["stop", []]
                                std::string("\x92\xa4stop\x93\x01\x7f\0", 9),    // a reason that does not exist
                                std::string("\x92\xa4stop\x94\x01\x01\0\0", 10), // a field too many
                                std::string("\x92\xa4stop\x93\xff\x01\0", 9),    // a negative fence
                                "\x92\xa4none\x90",
                                "\x92\xa5leave\x80", // a map
                                "\x92\xa5leave\x91\x01",
                                std::string("\x92\xa6resize\x91\xcf\0\0\0\x01\0\0\0\0", 17)}; // beyond 32 bits
  for (const auto& body : bodies) {
    INFO("body of " << body.size() << " bytes");
    const auto got = decode_to_runner(body);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::bad_input);
  }
  CHECK_FALSE(decode_to_runner(std::string(1u << 20, '\x91'))); // arrays within arrays
  CHECK(decode_to_runner(std::string(frame_max + 1, 'x')).error().code == errc::too_large);
  CHECK_FALSE(decode_from_runner(std::string_view(encode(to_runner(leave{}))).substr(4)));
}

TEST_CASE("a frame with flipped bits is refused or another message, never worse", "[exec]") {
  std::mt19937 draw(20);
  for (const auto& m : every_order()) {
    const auto frame = encode(m);
    for (int i = 0; i < 200; ++i) {
      auto body = frame.substr(4);
      body[draw() % body.size()] = static_cast<char>(draw());
      if (const auto got = decode_to_runner(body)) CHECK_FALSE(encode(*got).empty());
    }
  }
}

TEST_CASE("the hello of another version tells its number, whatever else is in it", "[exec]") {
  // ["hello", [9, {"new": true}]] in MessagePack.
  const std::string raw("\x92\xa5hello\x92\x09\x81\xa3new\xc3", 16);
  CHECK_FALSE(decode_from_runner(raw)); // Objects are in no version.
  // ["hello", [9, "later", []]]
  const std::string later("\x92\xa5hello\x93\x09\xa5later\x90", 16);
  const auto said = decode_from_runner(later);
  REQUIRE(said);
  CHECK(std::get<hello>(*said).protocol == 9);
  // ["hello", [3, "short"]]: of this version all must be there.
  static_assert(protocol_version == 3);
  CHECK_FALSE(decode_from_runner(std::string("\x92\xa5hello\x92\x03\xa5short", 15)));
}
