#include "tests/libfabric/lane/lane_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::lane;

namespace {

constexpr std::uint64_t first_seq = (1ull << 32) + 1;

offered offer_of(std::uint64_t n, std::uint32_t slots, std::uint64_t received) {
  return {"fast", first_seq + n, slots, received, {"work"}};
}

} // namespace

TEST_CASE("an idle slot is offered to the slow lane, and the offer withdrawn when an own job takes it") {
  lane_fixture f{"slow-first"};
  f.serve();
  f.tell(wanted{f.wants(2)});
  auto said = f.all<offer>().at(0);
  CHECK(said.to == "slow");
  CHECK(said.slots == 2);
  CHECK(said.classes == std::vector<std::string>{"work"});
  f.feed_rows({f.row(1)});
  CHECK(f.all<offer>().at(0).slots == 1);
  CHECK(f.all<offer>().at(0).seq > said.seq);
  f.after(f.how.resend);
  CHECK(f.all<offer>().size() == 1); // Said again: an offer may be lost.
}

TEST_CASE("a lane hands over only when no slot of its own could run the job, and not beyond its credit") {
  lane_fixture f{"slow-first", "slow"};
  f.serve({f.row(1), f.row(2), f.row(3), f.row(4)});
  f.tell(wanted{f.wants(1)});
  f.tell(offered{offer_of(0, 2, 0)});
  const auto moved = f.asks<store::move>();
  REQUIRE(moved.size() == 2);
  CHECK(moved[0].second.id == 2);
  CHECK(moved[1].second.id == 3);
  CHECK(moved[0].second.to_lane == "fast");
  CHECK(moved[0].second.overflow);
  f.tell(offered{offer_of(1, 1, 1)}); // One of the two has come: its slot is taken, the other is for the second.
  CHECK(f.asks<store::move>().empty());
  f.tell(offered{offer_of(2, 1, 2)});
  CHECK(f.asks<store::move>().at(0).second.id == 4);
}

TEST_CASE("a lane with a free slot of its own hands nothing over") {
  lane_fixture f{"slow-first", "slow"};
  f.serve();
  f.tell(wanted{f.wants(1)});
  f.tell(offered{offer_of(0, 2, 0)});
  f.feed_rows({f.row(1)});
  CHECK(f.leased() == std::vector<job_id>{1});
  CHECK(f.asks<store::move>().empty());
}

TEST_CASE("demoted jobs and classes that were not offered are not handed over") {
  lane_fixture f{"slow-first", "slow"};
  auto demoted = f.row(1);
  demoted.demoted_order = 1;
  auto other = f.row(2);
  other.job_class = "other";
  f.serve({demoted, other});
  f.tell(offered{offer_of(0, 2, 0)});
  CHECK(f.asks<store::move>().empty());
}

TEST_CASE("an older offer changes nothing; one of a new epoch starts counting anew") {
  lane_fixture f{"slow-first", "slow"};
  f.serve();
  f.tell(offered{offer_of(5, 0, 0)});
  f.tell(offered{offer_of(4, 3, 0)});
  f.feed_rows({f.row(1)});
  CHECK(f.asks<store::move>().empty());
  f.tell(offered{"fast", (2ull << 32) + 1, 1, 0, {"work"}});
  CHECK(f.asks<store::move>().size() == 1);
}

TEST_CASE("a hand-over that failed gives the credit back") {
  lane_fixture f{"slow-first", "slow"};
  f.serve({f.row(1), f.row(2)});
  f.tell(offered{offer_of(0, 1, 0)});
  f.refuse(f.asks<store::move>().at(0).first, errc::stale);
  CHECK(f.asks<store::move>().at(0).second.id == 2);
}

TEST_CASE("a job handed over is leased like others, counted once, and goes back when no slot is left") {
  lane_fixture f{"slow-first"};
  f.serve();
  f.tell(wanted{f.wants(1)});
  auto guest = f.row(5);
  guest.overflow_from = "slow";
  auto late = f.row(6);
  late.overflow_from = "slow";
  f.feed_rows({guest, late});
  CHECK(f.leased() == std::vector<job_id>{5});
  const auto back = f.asks<store::move>().at(0).second;
  CHECK(back.id == 6);
  CHECK(back.to_lane == "slow");
  CHECK_FALSE(back.overflow);
  CHECK(f.all<offer>().at(0).received == 2);
  CHECK(f.all<offer>().at(0).slots == 0);
}

namespace {

lane_fixture of_three(std::string lane) {
  lane_fixture f{"slow-first", std::move(lane)};
  f.policy = *policy::make_policy(
      "slow-first", {{"quick", 1s, {}, {}, false}, {"fast", 10s, {}, {}, false}, {"slow", {}, {}, {}, false}}, {});
  f.how.lane_count = 3;
  return f;
}

} // namespace

TEST_CASE("idle slots are offered to every lane that they may help, and count once") {
  auto f = of_three("quick");
  f.serve();
  f.tell(wanted{f.wants(2)});
  std::map<std::string, std::uint32_t> offers;
  for (const auto& said : f.all<offer>()) offers[said.to] = said.slots;
  CHECK(offers == std::map<std::string, std::uint32_t>{{"fast", 2}, {"slow", 2}});
  CHECK(f.m->report(f.now).offered == 2);
}

TEST_CASE("what two lanes gave for one slot is leased once and handed back once") {
  auto f = of_three("quick");
  f.serve();
  f.tell(wanted{f.wants(1)});
  auto first = f.row(5), second = f.row(6);
  first.overflow_from = "slow";
  second.overflow_from = "fast";
  f.feed_rows({first, second});
  CHECK(f.leased() == std::vector<job_id>{5});
  REQUIRE(f.asks<store::move>().size() == 1);
  CHECK(f.asks<store::move>()[0].second.to_lane == "fast");
}

TEST_CASE("the fastest lane with a free slot gets the best job, whatever its name") {
  auto f = of_three("slow");
  f.serve({f.row(1)});
  f.tell(offered{offer_of(0, 1, 0)}); // While there is a job for one only.
  CHECK(f.asks<store::move>().at(0).second.to_lane == "fast");
  auto g = of_three("slow");
  g.serve();
  g.tell(offered{offer_of(0, 1, 0)});
  g.tell(offered{"quick", first_seq, 1, 0, {"work"}});
  g.feed_rows({g.row(1)});
  REQUIRE(g.asks<store::move>().size() == 1);
  CHECK(g.asks<store::move>()[0].second.to_lane == "quick");
}
