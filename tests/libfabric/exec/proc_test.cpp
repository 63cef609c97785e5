#include "fabric/exec/cgroup.hpp"
#include "fabric/exec/proc.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace fabric::exec;

TEST_CASE("a stat line is read whatever the process calls itself", "[exec]") {
  const std::string rest = " S 1 42 40 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0";
  for (const std::string name : {"(sh)", "(a b)", "(x) R 7 7)", "()"}) {
    const auto p = parse_stat("42 " + name + rest);
    REQUIRE(p);
    CHECK(p->pid == 42);
    CHECK(p->state == 'S');
    CHECK(p->parent == 1);
    CHECK(p->group == 42);
    CHECK(p->session == 40);
    CHECK(p->start == 12345);
  }
  for (const char* text : {"", "42", "42 (sh)", "42 (sh) S 1", "x (sh) S 1 2 3"}) CHECK_FALSE(parse_stat(text));
}

TEST_CASE("descendants are found at any depth, below neither the spared nor others", "[exec]") {
  const auto make = [](pid_t pid, pid_t parent) {
    process p;
    p.pid = pid;
    p.parent = parent;
    return p;
  };
  const process all[] = {make(9, 8), make(8, 5), make(5, 2), make(6, 2), make(7, 6), make(3, 1), make(2, 1)};
  std::vector<pid_t> found;
  const pid_t spare[] = {6};
  for (const auto& p : descendants(all, 2, spare)) found.push_back(p.pid);
  CHECK(found == std::vector<pid_t>{5, 8, 9});
  CHECK(descendants(all, 2).size() == 5);
  CHECK(descendants(all, 99).empty());
}

TEST_CASE("a process is alive only with its own start time", "[exec]") {
  const auto self = read_process(::getpid());
  REQUIRE(self);
  CHECK(alive(self->pid, self->start));
  CHECK_FALSE(alive(self->pid, self->start + 1));
  CHECK_FALSE(alive(0, 0));
  CHECK(signal_process(*self, 0));
  auto other = *self;
  other.start += 1;
  CHECK_FALSE(signal_process(other, SIGKILL));
}

TEST_CASE("the cgroup2 hierarchy is found by type, wherever it is mounted", "[exec]") {
  const std::string mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
                             "36 31 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                             "41 31 0:38 / /sys/fs/cgroup/unified rw shared:4 - cgroup2 cgroup2 rw\n";
  CHECK(cgroup_home_from(mounts, "8:pids:/x\n0::/\n") == "/sys/fs/cgroup/unified");
  CHECK(cgroup_home_from(mounts, "0::/user.slice/a\n") == "/sys/fs/cgroup/unified/user.slice/a");
  const std::string inside = "41 31 0:38 /pod/a /cg rw - cgroup2 cgroup2 rw\n";
  CHECK(cgroup_home_from(inside, "0::/pod/a/b\n") == "/cg/b");
  CHECK(cgroup_home_from(inside, "0::/elsewhere\n").empty());
  CHECK(cgroup_home_from(mounts, "8:pids:/x\n").empty());
  CHECK(cgroup_home_from("36 31 0:33 / /x rw - cgroup cgroup rw\n", "0::/\n").empty());
}

TEST_CASE("only cgroups of slots can be killed", "[exec]") {
  char name[] = "/tmp/fabric-cgroup-test-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::filesystem::path top = name;
  const pid_t child = ::fork();
  if (child == 0)
    for (;;) ::pause();
  REQUIRE(child > 0);
  for (const char* group : {"other", "fabric-slot-1"}) {
    std::filesystem::create_directory(top / group);
    std::ofstream(top / group / "cgroup.procs") << child << "\n"; // As kernels without cgroup.kill have it.
  }
  kill_cgroup(top / "other");
  kill_cgroup("");
  CHECK(::kill(child, 0) == 0);
  CHECK(::waitpid(child, nullptr, WNOHANG) == 0);
  kill_cgroup(top / "fabric-slot-1");
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(WTERMSIG(status) == SIGKILL);
  CHECK_FALSE(cgroup_populated(""));
  std::filesystem::remove_all(top);
}
