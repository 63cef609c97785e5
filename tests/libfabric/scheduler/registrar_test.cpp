#include "fabric/config/dump.hpp"
#include "fabric/scheduler/registrar.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::scheduler;

namespace {

const build_card this_build{1, "0.18.7", 42, "0.1.0"};

config::root cell() {
  auto all = config::defaults();
  all.node.name = "s1";
  all.classes["sum"].command = {"/usr/bin/sha256sum"};
  all.classes["zip"].command = {"/usr/bin/gzip"};
  return all;
}

node_card own() {
  node_card card;
  card.build = this_build;
  card.name = "s1";
  card.labels = {{"lifetime", "stable"}};
  return card;
}

node_card node(const std::string& name, std::uint64_t boot = 7, std::uint64_t session = 1) {
  node_card card;
  card.build = this_build;
  card.name = name;
  card.boot = boot;
  card.session = session;
  for (const auto& [label, one] : cell().classes) card.classes[label] = config::class_hash(one);
  return card;
}

error refusal(registrar& r, const node_card& card) {
  const auto verdict = r.admit(card, "node " + card.name);
  REQUIRE_FALSE(verdict);
  return verdict.error();
}

} // namespace

TEST_CASE("a node of the same build joins and is listed with its labels", "[registrar]") {
  registrar r{own(), cell()};
  auto card = node("b1");
  card.labels = {{"disk", "fast"}};
  REQUIRE(r.admit(card, "node b1"));
  const auto all = r.report();
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "s1");
  CHECK(all[0].labels.at("lifetime") == "stable");
  CHECK(all[1].name == "b1");
  CHECK(all[1].boot == 7);
  CHECK(all[1].labels == card.labels);
  CHECK(all[1].differences.empty());
  CHECK(r.linked().size() == 2);
  CHECK(r.linked().at("s1").at("lifetime") == "stable");
}

TEST_CASE("a node that speaks otherwise is refused, with both versions", "[registrar]") {
  registrar r{own(), cell()};
  auto card = node("b1");
  card.build.protocol = 2;
  CHECK(refusal(r, card).code == errc::incompatible);
  CHECK(refusal(r, card).message ==
        "the node's protocol is 2, the scheduler's is 1: install the same version on both hosts");
  card = node("b1");
  card.build.caf = "1.1.0";
  CHECK(refusal(r, card).where == "CAF");
  card = node("b1");
  card.build.types = 43;
  CHECK(refusal(r, card).where == "build");
  CHECK(r.report().size() == 1);
}

TEST_CASE("a name belongs to one boot as long as that is linked", "[registrar]") {
  registrar r{own(), cell()};
  CHECK(refusal(r, node("s1")).where == "node.name");
  CHECK(refusal(r, node("")).code == errc::bad_input);
  CHECK(refusal(r, node("a b")).code == errc::bad_input);
  REQUIRE(r.admit(node("b1", 7), "node b1"));
  CHECK(refusal(r, node("b1", 8)).code == errc::wrong_state);
  CHECK(r.gone("b1", 7, 1));
  CHECK(r.admit(node("b1", 8), "node b1"));
}

TEST_CASE("of one boot the newest hello counts, and only its end", "[registrar]") {
  registrar r{own(), cell()};
  REQUIRE(r.admit(node("b1", 7, 3), "node b1"));
  CHECK(refusal(r, node("b1", 7, 3)).code == errc::stale);
  CHECK(refusal(r, node("b1", 7, 2)).code == errc::stale);
  REQUIRE(r.admit(node("b1", 7, 4), "node b1"));
  CHECK_FALSE(r.gone("b1", 7, 3));
  CHECK_FALSE(r.gone("b1", 6, 4));
  CHECK_FALSE(r.gone("b2", 7, 4));
  CHECK(r.report().size() == 2);
  CHECK(r.gone("b1", 7, 4));
  CHECK_FALSE(r.gone("b1", 7, 4));
  CHECK(r.report().size() == 1);
}

TEST_CASE("slots for a lane that the cell does not have are refused", "[registrar]") {
  registrar r{own(), cell()};
  auto card = node("b1");
  card.slots = {{"fast", 2}, {"medium", 1}};
  const auto why = refusal(r, card);
  CHECK(why.code == errc::unknown_lane);
  CHECK(why.message == "the cell has no lane named medium");
}

TEST_CASE("differences between the classes of a node and those of the scheduler are told", "[registrar]") {
  registrar r{own(), cell()};
  auto card = node("b1");
  card.classes.erase("zip");
  card.classes["sum"] += 1;
  card.classes["own"] = 1;
  REQUIRE(r.admit(card, "node b1"));
  CHECK(r.report()[1].differences == std::vector<std::string>{"class sum is configured differently there",
                                                              "class zip is not configured there",
                                                              "class own is configured only there"});
  auto now = cell();
  now.classes.erase("zip");
  r.reconfigured(now);
  CHECK(r.report()[1].differences.size() == 2);
}

TEST_CASE("a node needs a certificate of its own name: not a client's, not another node's", "[registrar]") {
  registrar r{own(), cell()};
  for (const auto* shown : {"", "client b1", "node b2", "scheduler b1"}) {
    const auto verdict = r.admit(node("b1"), shown);
    REQUIRE_FALSE(verdict);
    CHECK(verdict.error().code == errc::not_allowed);
  }
  CHECK(r.admit(node("b1"), "node b1"));
}
