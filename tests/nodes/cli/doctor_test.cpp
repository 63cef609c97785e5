#include "nodes/cli/text/doctor.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>

using namespace fabric;
using namespace fabric::cli;

namespace {

host_facts healthy() {
  host_facts f;
  f.sqlite = 3040001;
  f.sqlite_text = "3.40.1";
  f.cgroup_home = "/sys/fs/cgroup/fabric";
  f.cgroup_kill = true;
  f.controllers = "cpu memory";
  f.memory_available = 8ull << 30;
  f.store = {.path = "/d", .free_bytes = 50ull << 30, .free_inodes = 1'000'000, .fsync = 2ms};
  f.spool = f.store;
  f.clock.now = time_point{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}};
  f.limits = {"this shell", 65536, 10'000, 0};
  f.classes = {{"sh", ""}};
  return f;
}

health of(const std::vector<finding>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &finding::name);
  REQUIRE(found != all.end());
  CHECK(found->remedy.empty() == (found->how == health::ok));
  return found->how;
}

} // namespace

TEST_CASE("a host with nothing wrong is ok in every line", "[cli]") {
  const auto all = judge(healthy(), config::defaults());
  for (const auto& one : all) {
    INFO(one.name << ": " << one.what);
    CHECK(one.how == health::ok);
  }
  CHECK(worst(all) == health::ok);
  CHECK(findings_json(all)["health"] == "ok");
}

TEST_CASE("each thing that is wrong with a host is named, with a remedy", "[cli]") {
  struct row {
    std::string name;
    health how;
    std::function<void(host_facts&)> change;
  };
  const std::vector<row> rows{
      {"configuration", health::bad, [](auto& f) { f.config_problems = {"x.json:3: no"}; }},
      {"user", health::warn, [](auto& f) { f.is_root = true; }},
      {"SQLite", health::bad, [](auto& f) { f.sqlite = 3039004; }},
      {"SQLite", health::bad, [](auto& f) { f.sqlite = 3041001; }},
      {"disk of the store", health::bad, [](auto& f) { f.store.free_bytes = 255ull << 20; }},
      {"disk of the store", health::warn, [](auto& f) { f.store.free_bytes = 1000ull << 20; }},
      {"disk of the spool", health::warn, [](auto& f) { f.spool.writable = false; }},
      {"fsync", health::warn, [](auto& f) { f.store.fsync = 10ms; }},
      {"fsync", health::warn, [](auto& f) { f.store.fsync = 19us; }},
      {"fsync", health::warn, [](auto& f) { f.store.in_memory = true; }},
      {"fsync", health::warn, [](auto& f) { f.store.fsync = std::nullopt; }},
      {"inodes of the spool", health::bad, [](auto& f) { f.spool.free_inodes = 9'999; }},
      {"inodes of the spool", health::warn, [](auto& f) { f.spool.free_inodes = 39'999; }},
      {"memory", health::bad, [](auto& f) { f.memory_available = 511ull << 20; }},
      {"cgroup v2", health::warn, [](auto& f) { f.cgroup_home.clear(); }},
      {"cgroup v2", health::warn, [](auto& f) { f.cgroup_kill = false; }},
      {"subreaper", health::bad, [](auto& f) { f.subreaper = false; }},
      {"clock", health::bad, [](auto& f) { f.clock.boottime = false; }},
      {"clock", health::bad, [](auto& f) { f.clock.now = time_point{}; }},
      {"clock", health::warn, [](auto& f) { f.clock.synchronised = false; }},
      {"clock", health::warn, [](auto& f) { f.clock.error = 2s; }},
      {"RLIMIT_NOFILE", health::bad, [](auto& f) { f.limits.files = 256; }},
      {"RLIMIT_NOFILE", health::warn, [](auto& f) { f.limits.files = 1023; }},
      {"RLIMIT_NPROC", health::bad, [](auto& f) { f.limits.processes = 128; }},
      {"class sh", health::bad, [](auto& f) { f.classes[0].wrong = "/bin/x is no executable here"; }},
  };
  for (const auto& [name, how, change] : rows) {
    auto facts = healthy();
    change(facts);
    const auto all = judge(facts, config::defaults());
    INFO(name);
    CHECK(of(all, name) == how);
    CHECK(worst(all) == how);
  }
}

TEST_CASE("what a host does not limit or know is no finding", "[cli]") {
  auto facts = healthy();
  facts.spool.counts_inodes = false;
  facts.spool.free_inodes = 0;
  facts.clock.known = facts.clock.synchronised = false;
  CHECK(worst(judge(facts, config::defaults())) == health::ok);
}

TEST_CASE("certificates are judged by their time, and by who can use their keys", "[cli]") {
  const auto day = std::chrono::hours{24};
  const auto judged = [&](certificate_state one, duration since) {
    auto facts = healthy();
    one.name = "certificate of the node";
    one.place = "/d/tls/node.pem";
    one.valid = {facts.clock.now - since, facts.clock.now - since + 90 * day};
    facts.certificates = {one};
    return of(judge(facts, config::defaults()), one.name);
  };
  CHECK(judged({}, 10 * day) == health::ok);
  CHECK(judged({}, 61 * day) == health::warn);
  CHECK(judged({}, 91 * day) == health::bad);
  CHECK(judged({}, -day) == health::bad);
  certificate_state renewed;
  renewed.renews_itself = true;
  CHECK(judged(renewed, 61 * day) == health::ok);
  CHECK(judged(renewed, 91 * day) == health::bad);
  certificate_state open_to_all;
  open_to_all.wrong = "/d/tls/node.key has mode 0644";
  CHECK(judged(open_to_all, 10 * day) == health::bad);
  CHECK(of(judge(healthy(), config::defaults()), "certificates") == health::ok);
}
