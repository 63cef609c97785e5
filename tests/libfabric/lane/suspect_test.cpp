#include "fabric/invariant.hpp"

#include "tests/libfabric/lane/lane_fixture.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::lane;

namespace {

/// A final row has no place in a lane: whoever meets it breaks an invariant.
store::lane_entry poison(job_id id) { return lane_fixture::row(id, 1024, job_state::succeeded); }

struct touchy : policy::lane_policy {
  std::string place(const policy::job_facts&, const policy::view&, double) const override { return "fast"; }
  policy::timeout_decision on_timeout(const policy::job_facts&, const std::string&,
                                      const policy::view&) const override {
    return {};
  }
  std::vector<std::string> overflow(const std::string&, const policy::view&) const override { return {}; }
  std::vector<std::string> helpers(const std::string&) const override { throw std::runtime_error("cannot think"); }
};

} // namespace

TEST_CASE("a row that cannot be loaded is the one to suspect") {
  lane_fixture f;
  f.boot();
  f.tell(open{});
  store::answer reply;
  reply.epoch = 1;
  f.tell(answered{f.asks<store::open_lane>().at(0).first, reply});
  CHECK_THROWS_AS(f.tell(page{{{f.row(1), poison(2), f.row(3)}, 0, true}, {}}), broken_invariant);
  CHECK(f.m->current_job() == 2);
}

TEST_CASE("a row of the feed that cannot be taken is the one to suspect") {
  lane_fixture f;
  f.serve({f.row(1)});
  CHECK_THROWS_AS(f.feed_rows({f.row(2), poison(3)}), broken_invariant);
  CHECK(f.m->current_job() == 3);
}

TEST_CASE("what is thrown at the end of a turn is not blamed on the turn's job") {
  lane_fixture f;
  f.policy = std::make_shared<touchy>();
  f.serve();
  CHECK_THROWS_AS(f.feed_rows({f.row(1)}), std::runtime_error);
  CHECK(f.m->current_job() == 0);
}

TEST_CASE("a turn that went well suspects nobody") {
  lane_fixture f;
  f.serve({f.row(1)});
  f.tell(wanted{f.wants(1)});
  CHECK(f.leased() == std::vector<job_id>{1});
  CHECK(f.m->current_job() == 0);
}

TEST_CASE("effects tell which job they are about") {
  CHECK(job_of(ask_store{1, store::due{7, 1, "fast", 1}}) == 7);
  CHECK(job_of(ask_store{1, store::open_lane{"fast"}}) == 0);
  CHECK(job_of(lease_began{1, 8, "a1", {}}) == 8);
  CHECK(job_of(lease_closed{1}) == 0);
}
