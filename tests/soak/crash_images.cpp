#include "tests/fault/crash_run.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

/// usage: fabric-crash-images IMAGES SEED
/// Opens the store after IMAGES power failures, 100 of each scenario, and says what is wrong with each. Exit code 1 if
/// anything is.

namespace {

constexpr std::uint64_t images_per_run = 100;

using number = unsigned long long;

int complain(number scenario, number crash, const std::vector<std::string>& wrong) {
  std::printf("seed %llu, crash %llu:\n", scenario, crash);
  for (const auto& one : wrong) std::printf("  %s\n", one.c_str());
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: fabric-crash-images IMAGES SEED\n", stderr), 2;
  const auto images = std::strtoull(argv[1], nullptr, 10), seed = std::strtoull(argv[2], nullptr, 10);
  std::uint64_t done = 0, bad = 0;
  for (auto scenario = seed; done < images; ++scenario) {
    const fabric::fault::crash_run run(scenario);
    for (std::uint64_t i = 0; i < images_per_run && done < images; ++i, ++done)
      if (const auto wrong = run.crash(i); !wrong.empty()) bad += static_cast<unsigned>(complain(scenario, i, wrong));
  }
  std::printf("crash images: %llu from seed %llu, %llu with something lost or broken\n", number{done}, number{seed},
              number{bad});
  return bad == 0 ? 0 : 1;
}
