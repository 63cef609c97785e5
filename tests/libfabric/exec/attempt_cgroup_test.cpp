#include "fabric/exec/attempt_cgroup.hpp"
#include "fabric/exec/cgroup.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

using namespace fabric;
using namespace fabric::exec;

namespace {

/// A directory with the files that the kernel would make in a slot's cgroup and in the job's below it.
class fake_slot {
public:
  explicit fake_slot(const std::string& controllers) {
    char name[] = "/tmp/fabric-cgroup-XXXXXX";
    root_ = ::mkdtemp(name);
    std::filesystem::create_directories(path() + "/job");
    put("cgroup.controllers", controllers);
    put("cgroup.subtree_control", controllers);
    for (const char* file : {"memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cgroup.procs"})
      put(std::string("job/") + file, "");
  }
  ~fake_slot() { std::filesystem::remove_all(root_); }

  std::string path() const { return root_ + "/fabric-slot-1"; }
  void put(const std::string& file, const std::string& text) const { std::ofstream(path() + "/" + file) << text; }
  std::string get(const std::string& file) const {
    std::stringstream text;
    text << std::ifstream(path() + "/" + file).rdbuf();
    return text.str();
  }

private:
  std::string root_;
};

node::attempt_limits limits(std::uint64_t memory, std::uint64_t processes) {
  node::attempt_limits l;
  l.memory = memory;
  l.processes = processes;
  return l;
}

} // namespace

TEST_CASE("the kernel is told the limits that it has controllers for", "[limits]") {
  const fake_slot both("memory pids cpu");
  const attempt_cgroup c(both.path(), limits(1 << 20, 7));
  CHECK((c.keeps_memory() && c.keeps_processes() && c.door() >= 0));
  CHECK(both.get("job/memory.max") == "1048576");
  CHECK(both.get("job/memory.oom.group") == "1");
  CHECK(both.get("job/memory.swap.max") == "0");
  CHECK(both.get("job/pids.max") == "7");
  const fake_slot pids("pids");
  const attempt_cgroup half(pids.path(), limits(1 << 20, 7));
  CHECK((!half.keeps_memory() && half.keeps_processes()));
  CHECK(pids.get("job/memory.max").empty());
}

TEST_CASE("without a controller that helps there is none", "[limits]") {
  const fake_slot none("hugetlb");
  CHECK_FALSE(attempt_cgroup(none.path(), limits(1 << 20, 7)).any());
  const fake_slot memory("memory");
  CHECK_FALSE(attempt_cgroup(memory.path(), limits(0, 7)).any());
  CHECK_FALSE(attempt_cgroup("", limits(1, 1)).any());
  std::filesystem::remove(memory.path() + "/job/memory.max"); // A kernel that does not do as it says.
  CHECK_FALSE(attempt_cgroup(memory.path(), limits(1 << 20, 0)).any());
}

TEST_CASE("what the kernel counts replaces what was sampled", "[limits]") {
  const fake_slot slot("memory pids");
  const attempt_cgroup c(slot.path(), limits(1 << 20, 7));
  slot.put("job/memory.current", "4096\n");
  slot.put("job/memory.peak", "8192\n");
  slot.put("job/memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 0\n");
  slot.put("job/pids.current", "3\n");
  slot.put("job/pids.events", "max 0\n");
  slot.put("job/cpu.stat", "usage_usec 5000\nuser_usec 4000\n");
  tree_sample s;
  s.exact = false;
  s.memory = 1;
  c.correct(s);
  CHECK(s.memory == 4096);
  CHECK((s.exact && !s.out_of_memory && !s.out_of_forks));
  CHECK(s.processes == 3);
  CHECK(s.cpu_us == 5000);
  CHECK(c.memory_peak() == 8192);
  slot.put("job/memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\n");
  slot.put("job/pids.events", "max 4\n");
  c.correct(s);
  CHECK((s.out_of_memory && s.out_of_forks));
}

TEST_CASE("none leaves a sample as it is", "[limits]") {
  tree_sample s;
  s.memory = 5;
  attempt_cgroup().correct(s);
  CHECK(s.memory == 5);
  CHECK(attempt_cgroup().memory_peak() == 0);
}

TEST_CASE("a slot hands its controllers on, and its keeper moves into a part of its own", "[limits]") {
  const fake_slot slot("memory");
  slot.put("cgroup.subtree_control", "");
  CHECK_FALSE(shares_controller(slot.path(), "memory"));
  share_out_controllers(slot.path());
  CHECK(slot.get("cgroup.subtree_control") == "+memory"); // The kernel would show it without the plus.
  std::ofstream(slot.path() + "/keeper/cgroup.procs") << "";
  CHECK(enter_cgroup(slot.path()));
  CHECK(slot.get("keeper/cgroup.procs") == "0");
  const fake_slot poor("hugetlb");
  share_out_controllers(poor.path());
  CHECK_FALSE(std::filesystem::exists(poor.path() + "/keeper"));
}
