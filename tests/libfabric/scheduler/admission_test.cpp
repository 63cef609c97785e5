#include "fabric/config/classes.hpp"
#include "fabric/scheduler/admission.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace {

using namespace fabric;
using scheduler::admission_state;

config::root setup() {
  auto all = config::defaults();
  all.classes["checksum"].command = {"/usr/bin/sha256sum", "{input.path}"};
  all.classes["plain"].command = {"/bin/true"};
  all.classes["plain"].max_attempts = 7;
  all.classes["plain"].lane = "slow";
  all.classes["off"].command = {"/bin/true"};
  all.classes["off"].enabled = false;
  return all;
}

job_spec spec_of(const std::string& name, const std::string& input = "null") {
  job_spec spec;
  spec.job_class = name;
  spec.input = input;
  return spec;
}

error refused(const job_spec& spec, const config::root& all = setup(), const admission_state& now = {}) {
  const auto in = scheduler::admit(spec, all, now);
  REQUIRE(!in.has_value());
  INFO(render(in.error()));
  return in.error();
}

bool says(const error& e, const std::string& words) { return e.message.find(words) != std::string::npos; }

TEST_CASE("a good job is admitted with its class's terms", "[admission]") {
  const auto in = scheduler::admit(spec_of("plain"), setup(), {});
  REQUIRE(in.has_value());
  CHECK(in->max_attempts == 7);
  CHECK(in->lane == "slow");
  const auto free = scheduler::admit(spec_of("checksum", R"({ "path" : "/etc/hosts" })"), setup(), {});
  REQUIRE(free.has_value());
  CHECK(free->max_attempts == 3);
  CHECK(!free->lane);
  CHECK(free->spec.input == R"({"path":"/etc/hosts"})");
}

TEST_CASE("what the job says goes before what its class says", "[admission]") {
  auto spec = spec_of("plain");
  spec.lane = "fast";
  spec.max_attempts = 2;
  const auto in = scheduler::admit(spec, setup(), {});
  REQUIRE(in.has_value());
  CHECK(in->max_attempts == 2);
  CHECK(in->lane == "fast");
}

TEST_CASE("unknown classes and lanes are refused with the nearest name", "[admission]") {
  const auto c = refused(spec_of("cheksum"));
  CHECK(c.code == errc::unknown_class);
  CHECK(c.where == "/class");
  CHECK(says(c, "did you mean \"checksum\"?"));
  auto spec = spec_of("plain");
  spec.lane = "fats";
  const auto l = refused(spec);
  CHECK(l.code == errc::unknown_lane);
  CHECK(l.where == "/lane");
  CHECK(says(l, "did you mean \"fast\"?"));
}

TEST_CASE("a class that is off, or that no node can run, is refused", "[admission]") {
  CHECK(refused(spec_of("off")).code == errc::class_disabled);
  admission_state now;
  now.unavailable = {"plain"};
  CHECK(refused(spec_of("plain"), setup(), now).code == errc::class_unavailable);
  CHECK(scheduler::admit(spec_of("checksum", R"({"path":"/x"})"), setup(), now).has_value());
}

TEST_CASE("a draining fabric admits nothing", "[admission]") {
  admission_state now;
  now.draining = true;
  CHECK(refused(spec_of("plain"), setup(), now).code == errc::draining);
}

TEST_CASE("a job with a key is left to the store when there is no room: it may be known", "[admission]") {
  auto keyed = spec_of("plain");
  keyed.idempotency_key = "k";
  admission_state now;
  CHECK_FALSE(scheduler::admit(keyed, setup(), now)->only_if_known);
  now.draining = true;
  CHECK(scheduler::admit(keyed, setup(), now)->only_if_known->code == errc::draining);
  now = {};
  now.live_jobs = setup().limits.max_queued;
  CHECK(scheduler::admit(keyed, setup(), now)->only_if_known->code == errc::limit_reached);
  now.inflight_bytes = setup().limits.max_inflight_submits; // Not even for the question.
  CHECK(says(refused(keyed, setup(), now), "max_inflight_submits"));
}

TEST_CASE("the last job under max_queued is admitted, the next is not", "[admission]") {
  auto all = setup();
  all.limits.max_queued = 10;
  admission_state now;
  now.live_jobs = 9;
  CHECK(scheduler::admit(spec_of("plain"), all, now).has_value());
  now.live_jobs = 10;
  const auto e = refused(spec_of("plain"), all, now);
  CHECK(e.code == errc::limit_reached);
  CHECK(says(e, "limits.max_queued is 10"));
}

TEST_CASE("submissions fill max_inflight_submits to the byte and no further", "[admission]") {
  const auto all = setup();
  const auto spec = spec_of("plain");
  admission_state now;
  now.inflight_bytes = all.limits.max_inflight_submits - scheduler::submission_bytes(spec);
  CHECK(scheduler::admit(spec, all, now).has_value());
  ++now.inflight_bytes;
  const auto e = refused(spec, all, now);
  CHECK(e.code == errc::limit_reached);
  CHECK(says(e, "limits.max_inflight_submits is 64MiB"));
}

TEST_CASE("a larger submission counts for more", "[admission]") {
  auto spec = spec_of("plain");
  const auto small = scheduler::submission_bytes(spec);
  spec.input.assign(1000, ' ');
  spec.idempotency_key = "key";
  spec.labels["ab"] = "c";
  CHECK(scheduler::submission_bytes(spec) == small - 4 + 1000 + 3 + 3);
}

TEST_CASE("an ordering key counts for its bytes and is checked", "[admission]") {
  auto spec = spec_of("plain");
  const auto without = scheduler::submission_bytes(spec);
  spec.ordering_key = std::string(200, 'k');
  CHECK(scheduler::submission_bytes(spec) == without + 200);
  CHECK(scheduler::admit(spec, setup(), {}).has_value());
  spec.ordering_key = "";
  CHECK(refused(spec).where == "/key");
}

TEST_CASE("behind a job that found no room, none of its key in the same request is taken", "[admission]") {
  auto all = setup();
  all.limits.max_inflight_submits = scheduler::submission_bytes(spec_of("plain")) + 100;
  const auto with_key = [](const std::string& key, const std::string& input = "null") {
    auto spec = spec_of("plain", input);
    spec.ordering_key = key;
    return spec;
  };
  const auto large = "\"" + std::string(1000, 'x') + "\"";
  scheduler::ordered_request request;
  CHECK(request.admit(with_key("a"), all, {}));
  const auto first = request.admit(with_key("a", large), all, {});
  REQUIRE_FALSE(first);
  CHECK(first.error().code == errc::limit_reached);
  const auto second = request.admit(with_key("a"), all, {});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == errc::limit_reached);
  CHECK(request.admit(with_key("b"), all, {}));
  CHECK(request.admit(spec_of("plain"), all, {}));
  CHECK(scheduler::ordered_request{}.admit(with_key("a"), all, {}));
}

TEST_CASE("behind a job that will never be taken, others of its key are", "[admission]") {
  auto bad = spec_of("cheksum");
  bad.ordering_key = "a";
  auto good = spec_of("plain");
  good.ordering_key = "a";
  scheduler::ordered_request request;
  CHECK_FALSE(request.admit(bad, setup(), {}));
  CHECK(request.admit(good, setup(), {}));
}

TEST_CASE("the input has what the class's command needs", "[admission]") {
  for (const std::string input : {"null", "{}", R"({"path":null})", R"({"path":["/x"]})", R"({"path":"a\u0000b"})"}) {
    const auto e = refused(spec_of("checksum", input));
    INFO(input);
    CHECK(e.code == errc::bad_input);
    CHECK(e.where == "/input/path");
  }
  const auto e = refused(spec_of("checksum", R"({"path":")" + std::string(200'000, 'x') + "\"}"));
  CHECK(e.code == errc::too_large);
  CHECK(says(e, "argument_bytes"));
}

TEST_CASE("a spec that breaks the job model's rules is refused", "[admission]") {
  CHECK(refused(spec_of("plain", "{not json")).code == errc::bad_input);
  CHECK(refused(spec_of("a b")).code == errc::bad_input);
  auto spec = spec_of("plain");
  spec.max_attempts = 0;
  CHECK(refused(spec).code == errc::bad_input);
}

TEST_CASE("ad-hoc commands run only where the operator allows them", "[admission]") {
  const auto spec = spec_of("adhoc", R"({"argv":["/bin/true"]})");
  const auto e = refused(spec);
  CHECK(e.code == errc::not_allowed);
  CHECK(says(e, "allow_ad_hoc"));
  auto all = setup();
  all.allow_ad_hoc = true;
  const auto in = scheduler::admit(spec, all, {});
  REQUIRE(in.has_value());
  CHECK(in->max_attempts == 1);
  const auto relative = refused(spec_of("adhoc", R"({"argv":["true"]})"), all);
  CHECK(relative.code == errc::bad_input);
  CHECK(relative.where == "/input/argv/0");
}

} // namespace
