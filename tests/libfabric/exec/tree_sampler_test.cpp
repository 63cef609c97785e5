#include "fabric/exec/tree_sampler.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

using namespace fabric::exec;

namespace {

constexpr std::size_t mib = 1u << 20;

/// A child and a grandchild that share `bytes`, until the end of the test.
class family {
public:
  explicit family(std::size_t bytes) {
    std::array<int, 2> ready{};
    REQUIRE(::pipe(ready.data()) == 0);
    pid_ = ::fork();
    if (pid_ == 0) live(bytes, ready[1]);
    char said = 0;
    REQUIRE(::read(ready[0], &said, 1) == 1);
    ::close(ready[0]), ::close(ready[1]);
  }
  ~family() {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

private:
  [[noreturn]] static void live(std::size_t bytes, int ready) {
    ::setpgid(0, 0);
    void* taken = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memset(taken, 1, bytes);
    const bool grandchild = ::fork() == 0;
    if (grandchild && ::write(ready, "!", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }

  pid_t pid_ = 0;
};

} // namespace

TEST_CASE("the use of a process is read whatever it calls itself", "[limits]") {
  // From the state on: utime 7, stime 8, cutime 9, cstime 10, 3 threads, 123 pages.
  const std::string rest = " S 1 42 40 0 -1 4194304 0 0 0 0 7 8 9 10 20 0 3 0 12345 999999 123 18446744073709551615";
  for (const std::string name : {"42 (sh)", "42 (a b)", "42 (x) R 7 7)"}) {
    const auto use = parse_usage(name + rest);
    REQUIRE(use);
    CHECK(use->cpu_ticks == 34);
    CHECK(use->threads == 3);
    CHECK(use->rss_pages == 123);
  }
  for (const char* text : {"", "42", "42 (sh)", "42 (sh) S 1", "42 (sh) S 1 2 3 4 5"}) CHECK_FALSE(parse_usage(text));
}

TEST_CASE("the proportional set is read from a rollup", "[limits]") {
  CHECK(parse_pss("55f8-7ffe ---p 0 00:00 0   [rollup]\nRss:   1776 kB\nPss:    191 kB\nPss_Dirty: 9 kB\n") ==
        191 * 1024);
  for (const char* text : {"", "Rss: 1 kB\n", "x\nPss:", "x\nPss: many kB\n"}) CHECK_FALSE(parse_pss(text));
}

TEST_CASE("a tree is summed at any depth, and exactly its shared pages count once", "[limits]") {
  const family f(32 * mib);
  CHECK(pids_below(::getpid(), 100).size() == 2);
  CHECK(pids_below(::getpid(), 1).size() == 1);
  const auto rough = sample_tree(::getpid(), 5, false, 100);
  CHECK(rough.processes == 2);
  CHECK(rough.cpu_us >= 5);
  CHECK(rough.memory > 60 * mib); // Each has all of it.
  CHECK_FALSE(rough.exact);
  const auto exact = sample_tree(::getpid(), 0, true, 100);
  CHECK(exact.memory > 31 * mib);
  CHECK(exact.memory < rough.memory - 16 * mib);
  CHECK(exact.exact);
}

TEST_CASE("what is not there takes nothing", "[limits]") {
  CHECK(pids_below(0x7ffffffe, 100).empty());
  CHECK(sample_tree(0x7ffffffe, 0, true, 100).processes == 0);
}
