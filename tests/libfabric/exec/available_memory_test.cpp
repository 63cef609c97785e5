#include "fabric/exec/available_memory.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric::exec;

TEST_CASE("the available memory is read from meminfo", "[memory]") {
  CHECK(parse_available_memory("MemTotal: 9 kB\nMemFree: 3 kB\nMemAvailable:   21266 kB\nCached: 1 kB\n") ==
        21266ull * 1024);
  for (const char* text : {"", "MemFree: 3 kB\n", "MemAvailable:", "MemAvailable: much kB\n"})
    CHECK_FALSE(parse_available_memory(text));
}

TEST_CASE("this host has some", "[memory]") { CHECK(available_memory().value_or(0) > 0); }
