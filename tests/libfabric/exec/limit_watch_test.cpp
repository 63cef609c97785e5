#include "fabric/exec/bounds.hpp"
#include "fabric/exec/limit_watch.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::exec;

namespace {

constexpr std::uint64_t mib = 1u << 20;
constexpr std::int64_t start = 1'000 * bounds::second;

node::attempt_limits only_memory(std::uint64_t bytes) {
  node::attempt_limits l;
  l.memory = bytes;
  return l;
}

tree_sample with_memory(std::uint64_t bytes, bool exact = true) {
  tree_sample s;
  s.memory = bytes;
  s.exact = exact;
  return s;
}

constexpr limit_action nothing{};
constexpr limit_action stops(stop_reason why) { return {why, false}; }

} // namespace

TEST_CASE("an attempt without limits of its tree is never sampled", "[limits]") {
  CHECK(limit_watch().next_due() == 0);
  node::attempt_limits l;
  l.files = l.file_size = l.address_space = 1;
  CHECK(limit_watch(l, start).next_due() == 0);
}

TEST_CASE("the first sample is soon, the next ones at leisure while the tree keeps still", "[limits]") {
  limit_watch w(only_memory(64 * mib), start);
  auto now = w.next_due();
  CHECK(now == start + bounds::limit_check_fast);
  CHECK(w.see(with_memory(mib / 8), now) == nothing);
  for (int i = 0; i < 3; ++i) {
    CHECK(w.next_due() == now + bounds::limit_check);
    now = w.next_due();
    CHECK(w.see(with_memory(mib), now) == nothing);
  }
}

TEST_CASE("a tree that would be over a limit by the next look is looked at sooner", "[limits]") {
  SECTION("memory") {
    limit_watch w(only_memory(64 * mib), start);
    w.see(with_memory(16 * mib), start + bounds::limit_check_fast);
    CHECK(w.next_due() == start + 2 * bounds::limit_check_fast);
  }
  SECTION("processes") {
    node::attempt_limits l;
    l.processes = 10;
    limit_watch w(l, start);
    w.see({0, true, 5, 0}, start + bounds::limit_check_fast);
    CHECK(w.next_due() == start + 2 * bounds::limit_check_fast);
  }
  SECTION("cpu") {
    node::attempt_limits l;
    l.cpu_us = bounds::second;
    limit_watch w(l, start);
    w.see({0, true, 1, 900'000}, start + 900'000);
    CHECK(w.next_due() == start + 900'000 + bounds::limit_check_fast);
  }
}

TEST_CASE("memory over its limit stops at once, what is at it does not", "[limits]") {
  limit_watch w(only_memory(64 * mib), start);
  CHECK(w.see(with_memory(64 * mib), start + 1) == nothing);
  CHECK(w.see(with_memory(64 * mib + 1), start + 2) == stops(stop_reason::memory));
  CHECK(w.next_due() == 0); // There is nothing more to find out.
  CHECK(w.peaks().memory == 64 * mib + 1);
}

TEST_CASE("shared pages counted twice condemn nobody: the sum is taken again exactly", "[limits]") {
  limit_watch w(only_memory(64 * mib), start);
  CHECK(w.see(with_memory(80 * mib, false), start + 1) == limit_action{stop_reason::none, true});
  CHECK(w.see(with_memory(40 * mib), start + 1) == nothing);
  CHECK(w.peaks().memory == 40 * mib);
  CHECK(w.see(with_memory(80 * mib, false), start + 2).measure_exactly);
  CHECK(w.see(with_memory(65 * mib), start + 2) == stops(stop_reason::memory));
}

TEST_CASE("too many processes stop at once", "[limits]") {
  node::attempt_limits l;
  l.processes = 4;
  limit_watch w(l, start);
  CHECK(w.see({0, true, 4, 0}, start + 1) == nothing);
  CHECK(w.see({0, true, 5, 0}, start + 2) == stops(stop_reason::processes));
  CHECK(w.peaks().processes == 5);
}

TEST_CASE("cpu time over its limit is said once, and the other limits are watched on", "[limits]") {
  auto l = only_memory(64 * mib);
  l.cpu_us = bounds::second;
  limit_watch w(l, start);
  CHECK(w.see({mib, true, 1, bounds::second}, start + 1) == nothing);
  CHECK(w.see({mib, true, 1, bounds::second + 1}, start + 2) == stops(stop_reason::cpu));
  CHECK(w.see({mib, true, 1, 2 * bounds::second}, start + 3) == nothing);
  CHECK(w.next_due() != 0);
  CHECK(w.see({65 * mib, true, 1, 2 * bounds::second}, start + 4) == stops(stop_reason::memory));
}

TEST_CASE("what the kernel did counts, whatever is left of the tree", "[limits]") {
  auto l = only_memory(64 * mib);
  l.processes = 4;
  tree_sample s;
  s.out_of_memory = true;
  CHECK(limit_watch(l, start).see(s, start + 1) == stops(stop_reason::memory));
  s = {};
  s.out_of_forks = true;
  CHECK(limit_watch(l, start).see(s, start + 1) == stops(stop_reason::processes));
}
