#include "tests/system/runner/harness.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

using namespace harness;

TEST_CASE("a new connection finds the same process and replaces the older one", "[runner]") {
  runner_under_test r;
  auto first = r.connect();
  first.greeting();
  first.send(shell(1, "exec sleep 1000"));
  const auto started = first.started(1);
  auto second = r.connect();
  const auto h = second.greeting();
  REQUIRE(h.held.size() == 1);
  CHECK(h.held[0].fence == 1);
  CHECK(h.held[0].job == 1001);
  CHECK(h.held[0].lane == "fast");
  CHECK(h.held[0].ran.count() > 0);
  CHECK(first.closed_by_peer());
  second.send(shell(1, "exec sleep 1000"));
  CHECK(second.started(1).pid == started.pid);
  second.send(stop{1, stop_reason::cancel, 0});
  CHECK(second.ended(1).end.how == outcome::cancelled);
}

TEST_CASE("an end is told again until it is forgotten", "[runner]") {
  runner_under_test r;
  {
    auto c = r.connect();
    auto o = shell(1, R"(printf '"%0500000d"' 0 > "$FABRIC_RESULT")");
    c.send(o);
    CHECK(c.ended(1).end.result->size() == 500'002);
  }
  {
    auto c = r.connect();
    CHECK(c.greeting().finished == 1);
    CHECK(c.ended(1).end.result->size() == 500'002);
    c.send(shell(1, "true"));
    CHECK(c.ended(1).end.result->size() == 500'002);
    c.send(forget{1});
    c.send(forget{99});
    c.send(order(2, {"/bin/true"}));
    c.ended(2);
    c.send(forget{2});
    c.send(order(3, {"/bin/false"}));
    c.ended(3);
  }
  auto c = r.connect();
  const auto h = c.greeting();
  CHECK(h.held.empty());
  CHECK(h.finished == 1);
  CHECK(c.ended(3).end.how == outcome::failed);
}

TEST_CASE("mad frames close the connection and harm nobody", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  c.greeting();
  c.send(shell(1, "exec sleep 1000"));
  const auto pid = c.started(1).pid;
  const std::string frames[] = {std::string("\xff\xff\xff\x7f", 4), std::string("\x01\0\0\0\xc1", 5),
                                std::string("\x04\0\0\0null", 8),
                                std::string("\0\0\x10\0", 4) + std::string(1u << 20, '\x91')};
  for (const auto& frame : frames) {
    auto mad = r.connect();
    mad.greeting();
    mad.send_raw(frame);
    CHECK(mad.closed_by_peer());
  }
  auto again = r.connect();
  CHECK(again.greeting().held.size() == 1);
  CHECK(alive(static_cast<pid_t>(pid), read_process(static_cast<pid_t>(pid))->start));
}

TEST_CASE("no free slot, a lease already over and fence 0 are refused", "[runner]") {
  settings s;
  s.slots = 1;
  runner_under_test r(s);
  auto c = r.connect();
  c.send(shell(1, "exec sleep 1000"));
  c.started(1);
  c.send(order(2, {"/bin/true"}));
  CHECK(c.refused(2).why == "no free slot");
  auto late = order(3, {"/bin/true"});
  late.deadline_us = 1;
  c.send(late);
  CHECK(c.refused(3).why == "its lease has ended already");
  c.send(order(0, {"/bin/true"}));
  CHECK(c.refused(0).why == "fence 0 means none");
  c.send(resize{2});
  c.send(order(4, {"/bin/true"}));
  CHECK(c.ended(4).end.how == outcome::succeeded);
  auto nobody = order(5, {"/bin/true"});
  nobody.user = "no-such-user-here";
  c.send(nobody);
  CHECK(c.ended(5).end.how == outcome::failed);
}

TEST_CASE("a keeper that was told to go gets no more work", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  c.send(order(1, {"/bin/true"})); // So that a keeper waits.
  c.ended(1);
  c.send_raw(encode(to_runner(resize{0})) + encode(to_runner(resize{1})) + encode(to_runner(order(2, {"/bin/true"}))));
  CHECK(c.refused(2).why == "the slot's keeper is leaving");
}

TEST_CASE("a runner that was told to leave serves whoever comes next", "[runner]") {
  runner_under_test r;
  {
    auto c = r.connect();
    c.send(shell(1, "exec sleep 1000"));
    c.started(1);
    c.send(leave{});
    c.send(order(2, {"/bin/true"}));
    CHECK(c.refused(2).why == "the runner is stopping");
  }
  auto c = r.connect();
  CHECK(c.greeting().held.size() == 1);
  c.send(order(3, {"/bin/true"}));
  CHECK(c.ended(3).end.how == outcome::succeeded);
}

TEST_CASE("more results than memory should hold are told one by one", "[runner]") {
  runner_under_test r;
  constexpr fence_t count = 12;
  {
    auto c = r.connect();
    for (fence_t f = 1; f <= count; ++f) {
      c.send(shell(f, R"(printf '"%01000000d"' 0 > "$FABRIC_RESULT")"));
      CHECK(c.ended(f).end.how == outcome::succeeded);
    }
  }
  auto c = r.connect();
  CHECK(c.greeting().finished == count);
  for (fence_t f = 1; f <= count; ++f) CHECK(c.ended(f).end.result->size() == 1'000'002);
}

TEST_CASE("pruned directories are used again, emptied", "[runner]") {
  runner_under_test r;
  auto c = r.connect();
  c.send(shell(1, "echo old; mkdir -p deep/er; ln -s /etc/passwd link; echo 1 > \"$FABRIC_RESULT\""));
  c.ended(1);
  c.send(forget{1});
  c.send(prune{{{1001, 1}, {77, 1}}});
  c.send(shell(2, "ls"));
  const auto e = c.ended(2);
  CHECK(e.end.result == "null");
  CHECK(slurp(r.file(1002, "stdout")) == "input.json\nstderr\nstdout\n");
  CHECK_FALSE(std::filesystem::exists(r.file(1001, "stdout")));
}

TEST_CASE("SIGTERM ends what runs as drained, and the next runner tells", "[runner]") {
  runner_under_test r;
  {
    auto c = r.connect();
    c.send(shell(1, "exec sleep 1000"));
    c.started(1);
    ::kill(r.pid, SIGTERM);
    CHECK(r.wait_exit() == 0);
  }
  r.start();
  auto c = r.connect();
  CHECK(c.ended(1).end.how == outcome::drained);
  c.send(leave{});
  CHECK(r.wait_exit() == 0);
}

TEST_CASE("an idle runner leaves by itself", "[runner]") {
  settings s;
  s.idle_exit = 0.2;
  runner_under_test r(s);
  CHECK(r.wait_exit() == 0);
  CHECK_FALSE(std::filesystem::exists(r.socket()));
}

TEST_CASE("a second runner of the same ledger is refused, a stale socket is not in the way", "[runner]") {
  runner_under_test r;
  r.connect().greeting();
  const auto first = r.pid;
  r.start();
  CHECK(r.wait_exit() == 75);
  r.pid = first;
  r.connect().greeting();
  r.kill_runner();
  REQUIRE(std::filesystem::exists(r.socket()));
  r.start();
  r.connect().greeting();
}

TEST_CASE("a peer of another user is hung up on", "[runner]") {
  if (::geteuid() != 0) SKIP("needs root to become another user");
  runner_under_test r;
  r.connect().greeting();
  REQUIRE(::chmod(r.directory.c_str(), 0755) == 0);
  REQUIRE(::chmod(r.socket().c_str(), 0666) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(2);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    r.socket().copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) ::_exit(3);
    char byte = 0;
    ::_exit(::read(fd, &byte, 1) <= 0 ? 0 : 1); // not even a hello
  }
  int status = 0;
  REQUIRE(eventually([&] { return ::waitpid(child, &status, WNOHANG) == child; }));
  CHECK(status == 0);
}

TEST_CASE("a full spool refuses with a clear text and uses no attempt", "[runner]") {
  char place[] = "/tmp/fabric-spool-XXXXXX";
  REQUIRE(::mkdtemp(place) != nullptr);
  if (::mount("tmpfs", place, "tmpfs", 0, "size=64k") != 0) {
    ::rmdir(place);
    SKIP("cannot mount a tmpfs");
  }
  {
    settings s;
    s.spool = std::string(place) + "/spool";
    runner_under_test r(s);
    auto c = r.connect();
    auto o = order(1, {"/bin/true"});
    o.input = "\"" + std::string(100'000, 'x') + "\"";
    c.send(o);
    CHECK(c.refused(1).why.find("No space left on device") != std::string::npos);
    c.send(order(2, {"/bin/true"}));
    CHECK(c.ended(2).end.how == outcome::succeeded);
  }
  ::umount(place);
  ::rmdir(place);
}

TEST_CASE("a fork that fails is refused, not failed", "[runner]") {
  if (::geteuid() != 0) SKIP("needs root to give the runner a user and a process limit of its own");
  settings s;
  s.user = 65533;
  s.processes = 2; // the runner and one keeper
  runner_under_test r(s);
  // The runner serves its own user only.
  REQUIRE(::seteuid(65533) == 0);
  auto c = r.connect();
  REQUIRE(::seteuid(0) == 0);
  c.greeting();
  c.send(order(1, {"/bin/true"}));
  CHECK(c.refused(1).why == "cannot fork: Resource temporarily unavailable");
}
