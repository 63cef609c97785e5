#include "fabric/exec/progress_board.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::exec;

namespace {

constexpr std::int64_t start = 1000 * bounds::second;

std::vector<std::string> states(const std::vector<has_progressed>& all) {
  std::vector<std::string> found;
  for (const auto& said : all) found.push_back(said.state);
  return found;
}
using list = std::vector<std::string>;

} // namespace

TEST_CASE("changes of all attempts are told together, the newest of each", "[progress]") {
  progress_board b;
  CHECK(b.next_due() == 0);
  b.hear({1, start, "a"});
  CHECK(states(b.take(start)) == list{"a"});
  for (int i = 0; i < 100; ++i) b.hear({1, start, "b"}), b.hear({2, start, "c"});
  CHECK(b.take(start + 1).empty());
  CHECK(b.next_due() == start + bounds::progress_pace);
  CHECK(states(b.take(start + bounds::progress_pace)) == list{"b", "c"});
  CHECK(b.next_due() == 0);
  CHECK(b.take(start + 10 * bounds::second).empty());
}

TEST_CASE("of an attempt that has ended nothing is told", "[progress]") {
  progress_board b;
  b.hear({1, start, "a"});
  b.hear({2, start, "b"});
  b.forget(1);
  b.forget(9);
  CHECK(states(b.take(start)) == list{"b"});
  b.forget(2);
  b.start_over();
  CHECK(b.next_due() == 0);
}

TEST_CASE("a fabricd that comes back is told everything at once", "[progress]") {
  progress_board b;
  b.hear({1, start, "a"});
  b.hear({2, start, "b"});
  b.take(start);
  b.start_over();
  CHECK(states(b.take(start + 1)) == list{"a", "b"});
}
