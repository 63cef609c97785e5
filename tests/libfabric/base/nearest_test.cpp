#include "fabric/nearest.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <vector>

using namespace fabric;

namespace {

constexpr std::array<std::string_view, 5> keys{"priority", "lane", "delay", "labels", "owner"};

std::optional<std::string> near(std::string_view word) {
  return nearest(word, std::span<const std::string_view>(keys));
}

} // namespace

TEST_CASE("a word with a slip finds the one that was meant", "[text]") {
  CHECK(near("prioritty") == "priority");
  CHECK(near("pirority") == "priority");
  CHECK(near("LANE") == "lane");
  CHECK(near("lanes") == "lane");
  CHECK(near("dely") == "delay");
  CHECK(near("label") == "labels");
}

TEST_CASE("a word unlike all others finds none", "[text]") {
  for (const auto* word : {"", "x", "xy", "timeout", "zzzzzzzz"}) {
    INFO(word);
    CHECK_FALSE(near(word));
  }
  CHECK_FALSE(near(std::string(65, 'p')));
  CHECK_FALSE(nearest("lane", std::span<const std::string>{}));
}

TEST_CASE("a distance of up to a third of the word is near", "[text]") {
  const std::vector<std::string> one{"idempotency_key"};
  CHECK(nearest("idmpotenz_kye", std::span<const std::string>(one)) == "idempotency_key");
  CHECK_FALSE(nearest("ixxxxotencyxkxx", std::span<const std::string>(one)));
}

TEST_CASE("the nearest wins, the first of equals", "[text]") {
  const std::vector<std::string> words{"slot", "slow", "slots"};
  CHECK(nearest("slo", std::span<const std::string>(words)) == "slot");
  CHECK(nearest("slow", std::span<const std::string>(words)) == "slow");
}

TEST_CASE("the hint is ready to be put behind a sentence", "[text]") {
  CHECK(did_you_mean("lan", std::span<const std::string_view>(keys)) == "; did you mean \"lane\"?");
  CHECK(did_you_mean("zzzzzzzz", std::span<const std::string_view>(keys)).empty());
}
