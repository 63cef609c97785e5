#include "fabric/exec/progress_meter.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <random>

using namespace fabric;
using namespace fabric::exec;

namespace {

constexpr std::int64_t ms = 1'000;
constexpr std::int64_t s = bounds::second;
constexpr std::int64_t start = 1000 * s;

nlohmann::json state_of(const std::optional<progress_said>& said) {
  REQUIRE(said);
  return nlohmann::json::parse(said->state);
}
nlohmann::json now_in(const progress_meter& m) { return state_of(m.newest()); }

/// Lines with the numbers from..to.
std::string numbers(int from, int to) {
  std::string lines;
  for (int i = from; i <= to; ++i) lines += std::to_string(i) + "\n";
  return lines;
}

} // namespace

TEST_CASE("a line is taken when its newline comes, in however many pieces", "[progress]") {
  progress_meter m;
  CHECK(m.hear("4", start) == 0);
  CHECK(m.hear("2.5", start) == 0);
  CHECK_FALSE(m.newest());
  CHECK(m.hear("\ncopy", start) == 1);
  CHECK(now_in(m)["percent"] == 42.5);
  CHECK(m.hear("ing\n", start + ms) == 1);
  CHECK(now_in(m)["message"] == "copying");
  CHECK(m.newest()->at_us == start + ms);
}

TEST_CASE("at most ten lines of any second are kept, and the newest in the end", "[progress]") {
  progress_meter m;
  CHECK(m.hear(numbers(1, 60), start) == 60);
  CHECK(now_in(m)["percent"] == 10);
  CHECK(now_in(m)["kept"] == 10);
  CHECK(now_in(m)["lines"] == 60);
  CHECK(state_of(m.news(start))["percent"] == 10);
  CHECK(m.next_due() == start + s);
  CHECK_FALSE(m.news(start + s - 1));
  const auto late = m.news(start + s);
  CHECK(state_of(late)["percent"] == 60);
  CHECK(late->at_us == start); // It was said then.
  CHECK(state_of(late)["kept"] == 11);
  CHECK(m.next_due() == 0);
}

TEST_CASE("a newer line takes the place of one that waits", "[progress]") {
  progress_meter m;
  m.hear(numbers(1, 11), start);
  m.hear("90\n", start + 500 * ms);
  m.news(start);
  CHECK(state_of(m.news(start + s))["percent"] == 90);
  m.hear(numbers(1, 20), start + s);
  m.hear("95\n", start + 2 * s); // There is room: what waited is old.
  CHECK(now_in(m)["percent"] == 95);
  m.finish(start + 2 * s);
  CHECK(now_in(m)["percent"] == 95);
}

TEST_CASE("a flood of any cut keeps no more than its share and ends with the last line", "[progress]") {
  std::mt19937_64 draw{7};
  for (int round = 0; round < 20; ++round) {
    progress_meter m;
    const auto all = numbers(1, 5000) + "99.5\n";
    std::uint64_t lines = 0;
    auto now = start;
    for (std::size_t at = 0; at < all.size();) {
      const auto n = std::min<std::size_t>(draw() % 200 + 1, all.size() - at);
      lines += m.hear(std::string_view(all).substr(at, n), now);
      m.news(now);
      at += n;
      now += static_cast<std::int64_t>(draw() % 20) * ms;
    }
    m.finish(now);
    CHECK(lines == 5001);
    const auto j = now_in(m);
    CHECK(j["percent"] == 99.5);
    CHECK(j["lines"] == 5001);
    CHECK(j["kept"].get<std::int64_t>() <= ((now - start) / s + 1) * 10 + 1);
    CHECK(j["kept"].get<std::int64_t>() > 10);
  }
}

TEST_CASE("a line without end costs no more than its bound", "[progress]") {
  progress_meter m;
  const std::string much(100'000, 'x');
  for (int i = 0; i < 100; ++i) CHECK(m.hear(much, start) == 0);
  CHECK(m.hear("\n7\n", start) == 2);
  CHECK(now_in(m)["message"] == std::string(progress_message_bytes, 'x'));
  CHECK(now_in(m)["percent"] == 7);
}

TEST_CASE("garbage does not hurt", "[progress]") {
  std::mt19937_64 draw{11};
  progress_meter m;
  auto now = start;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(draw() % 300, '\0');
    for (auto& c : bytes) c = static_cast<char>(draw());
    m.hear(bytes, now += 10 * ms);
    if (const auto said = m.news(now)) CHECK(nlohmann::json::accept(said->state));
  }
  CHECK(m.hear("\n55\n", now + 2 * s) == 2);
  CHECK(now_in(m)["percent"] == 55);
}

TEST_CASE("empty lines are signs of life and nothing else", "[progress]") {
  progress_meter m;
  CHECK(m.hear("\n\r\n  \n", start) == 3);
  CHECK_FALSE(m.newest());
  CHECK_FALSE(m.news(start));
  CHECK(m.next_due() == 0);
}

TEST_CASE("news are told once, and not too often", "[progress]") {
  progress_meter m;
  m.hear("1\n", start);
  CHECK(m.next_due() <= start);
  CHECK(m.news(start));
  CHECK_FALSE(m.news(start));
  m.hear("2\n", start + ms);
  CHECK_FALSE(m.news(start + ms));
  CHECK(m.next_due() == start + bounds::progress_pace);
  CHECK(state_of(m.news(start + bounds::progress_pace))["percent"] == 2);
  CHECK(m.next_due() == 0);
}

TEST_CASE("at the end a line needs no newline", "[progress]") {
  progress_meter m;
  m.hear("99", start);
  m.finish(start + ms);
  CHECK(now_in(m)["percent"] == 99);
  CHECK(m.newest()->at_us == start + ms);
}
