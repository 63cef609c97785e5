#include "fabric/exec/rlimits.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace fabric::exec;

namespace {

rlimit of(const std::vector<process_rlimit>& all, int resource) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.resource == resource; });
  REQUIRE(found != all.end());
  return found->value;
}

} // namespace

TEST_CASE("without limits nothing is set", "[limits]") { CHECK(rlimits_of({}, 10'000'000).empty()); }

TEST_CASE("files, file size and address space are set as they are", "[limits]") {
  const auto all = rlimits_of({0, 0, 0, 16, 1 << 20, 1 << 30}, 0);
  CHECK(all.size() == 3);
  CHECK((of(all, RLIMIT_NOFILE).rlim_cur == 16 && of(all, RLIMIT_NOFILE).rlim_max == 16));
  CHECK(of(all, RLIMIT_FSIZE).rlim_cur == 1 << 20);
  CHECK(of(all, RLIMIT_AS).rlim_cur == 1 << 30);
}

TEST_CASE("the kernel acts on CPU time only after the keeper should have", "[limits]") {
  const auto cpu = of(rlimits_of({0, 1'500'000, 0, 0, 0, 0}, 10'000'000), RLIMIT_CPU);
  CHECK(cpu.rlim_cur == 13);
  CHECK(cpu.rlim_max == 14);
}
