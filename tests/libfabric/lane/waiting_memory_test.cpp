#include "fabric/lane/waiting.hpp"

#include <catch2/catch_test_macros.hpp>

#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <new>

/// What the heap gives to this program, as glibc counts: with the word before each block, rounded up to 16 bytes.
namespace {

std::size_t in_use = 0; // The test has one thread.

std::size_t chunk_of(void* block) { return (malloc_usable_size(block) + sizeof(void*) + 15) / 16 * 16; }

} // namespace

void* operator new(std::size_t size) {
  void* const block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc{};
  in_use += chunk_of(block);
  return block;
}

void operator delete(void* block) noexcept {
  if (block != nullptr) in_use -= chunk_of(block);
  std::free(block);
}

void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

using namespace fabric;
using namespace fabric::lane;

namespace {

store::lane_entry entry(job_id id) {
  store::lane_entry e;
  e.id = id;
  e.version = 1;
  e.job_class = "work";
  return e;
}

} // namespace

TEST_CASE("a waiting job takes at most 100 bytes, whenever it came") {
  constexpr std::size_t count = 100'000;
  names classes;
  waiting_jobs jobs(classes, true);
  const auto before = in_use;
  for (job_id id = 1; id <= count; ++id) jobs.put(entry(id), time_point{1h} + id * duration{100ms});
  CHECK(in_use - before > count * 50); // It is counted.
  CHECK(in_use - before <= count * 100);
  CHECK(jobs.oldest() <= time_point{1h} + duration{100ms});
}

TEST_CASE("what a rush of waiting jobs needed is given back as they go, and those that stay keep their order") {
  constexpr std::size_t count = 100'000, stay = 100;
  names classes;
  waiting_jobs jobs(classes, true);
  const auto before = in_use;
  for (job_id id = 1; id <= count; ++id) jobs.put(entry(id), time_point{1h});
  const auto full = in_use - before;
  for (job_id id = count; id > stay; --id) jobs.erase(id);
  CHECK(in_use - before < full / 100);
  CHECK(jobs.ready() == stay);
  for (job_id id = 1; id <= stay; ++id) {
    REQUIRE(jobs.best(0)->first == id);
    jobs.erase(id);
  }
  CHECK(jobs.best(0) == nullptr);
}
