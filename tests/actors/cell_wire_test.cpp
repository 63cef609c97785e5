#include "actors/inspect_lane.hpp"
#include "actors/meta_objects.hpp"
#include "tests/actors/world.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::actors;
using testing::world;

namespace {

template <class T> caf::byte_buffer written(world& w, T& what) {
  caf::byte_buffer bytes;
  caf::binary_serializer sink{w.system(), bytes};
  INFO(caf::to_string(sink.get_error()));
  REQUIRE(sink.apply(what));
  return bytes;
}

/// What a peer reads of what was written; its own writing of that must be the same bytes.
template <class T> T read_back(world& w, T what) {
  const auto bytes = written(w, what);
  T copy{};
  caf::binary_deserializer source{w.system(), bytes};
  const bool ok = source.apply(copy);
  INFO(caf::to_string(source.get_error()));
  REQUIRE(ok);
  CHECK(source.remaining() == 0);
  CHECK(written(w, copy) == bytes);
  return copy;
}

} // namespace

TEST_CASE("what workers and lanes say to each other is read as it was written", "[wire]") {
  world w;
  worker_news news{w.find<worker_actor>("worker/fast"), "b1", {}};
  want said{"b1", "fast@b1", 7, 3, 2, {"sum", "zip"}, true, {{5, 6, 1, 3s, "fast"}}};
  news.items.emplace_back(node::tell_want{said});
  news.items.emplace_back(node::tell_started{{5, 2s}});
  news.items.emplace_back(node::tell_refused{{6, "no"}});
  attempt_ended ended{5, 6, stop_reason::stall, {}, 1, "fast"};
  ended.end.how = outcome::failed;
  ended.end.result = "{}";
  news.items.emplace_back(node::tell_ended{ended});
  news.items.emplace_back(node::tell_absent{{8}});
  const auto copy = read_back(w, news);
  REQUIRE(copy.items.size() == 5);
  CHECK(std::get<node::tell_want>(copy.items[0]).what.classes == said.classes);
  CHECK(std::get<node::tell_ended>(copy.items[3]).what.end.how == outcome::failed);
  CHECK(std::get<node::tell_absent>(copy.items[4]).what.fence == 8);

  lane_orders orders;
  orders.items.emplace_back(node::lane_start{{5, 6, 1, "sum", "fast", "{\"n\":1}", 15s, 9, "b1", 4s}});
  orders.items.emplace_back(node::lane_stop{{5, stop_reason::cancel, 10s}});
  orders.items.emplace_back(node::lane_forget{5});
  orders.items.emplace_back(node::lane_take{{5, 6, 3}});
  const auto got = read_back(w, orders);
  REQUIRE(got.items.size() == 4);
  CHECK(std::get<node::lane_start>(got.items[0]).order.input == "{\"n\":1}");
  CHECK(std::get<node::lane_start>(got.items[0]).order.kept_on == "b1");
  CHECK(std::get<node::lane_start>(got.items[0]).order.kept_work == 4s);
  CHECK(std::get<node::lane_stop>(got.items[1]).order.why == stop_reason::cancel);
}

TEST_CASE("what nodes and membership say to each other is read as it was written", "[wire]") {
  world w;
  renew_leases renewal{w.find<lease_holder_actor>("runner"), {"b1", 7, 3, {1, 2}, 1}};
  CHECK(read_back(w, renewal).what.fences == std::vector<fence_t>{1, 2});
  leases_renewed answer{{"b1", 3, {{1, 15s}, {2, 30s}}, 1}};
  CHECK(read_back(w, answer).what.lengths == answer.what.lengths);
  lease_news leases;
  leases.items.emplace_back(scheduler::attempt_leased{1, 2, "fast", "b1", 15s});
  leases.items.emplace_back(scheduler::attempt_closed{1, "fast"});
  leases.items.emplace_back(scheduler::node_unlinked{"b1", 7});
  CHECK(read_back(w, leases).items.size() == 3);
  lease_verdict verdict;
  verdict.items.emplace_back(lane::lease_over{4});
  verdict.items.emplace_back(lane::node_gone{"b1", 7});
  CHECK(std::get<lane::node_gone>(read_back(w, verdict).items[1]).boot == 7);
  CHECK(read_back(w, prepare_outage{5min}).length == duration{5min});
}

TEST_CASE("what nodes and the registrar say to each other is read as it was written", "[wire]") {
  world w;
  node_hello hello;
  hello.card.build = {1, "0.18.7", 42, "0.1.0"};
  hello.card.name = "b1";
  hello.card.labels = {{"disk", "ssd"}};
  hello.card.slots = {{"fast", 2}};
  hello.card.classes = {{"sum", 99}};
  hello.card.held = {{5, 6, 1, 3s, "fast"}};
  hello.steward = w.find<node_face_actor>("steward");
  const auto copy = read_back(w, hello);
  CHECK(copy.card.labels == hello.card.labels);
  CHECK(copy.card.held.size() == 1);
  CHECK(copy.steward == hello.steward);
  CHECK_FALSE(copy.uplink);
  node_welcome welcome{{}, "{}", {{"store", w.find<caf::strong_actor_ptr>("store")}, {"lane/x", nullptr}}};
  CHECK(read_back(w, welcome).names.size() == 2);
  CHECK(read_back(w, node_welcome{error{errc::stale, "old", "session"}}).failure->code == errc::stale);
  CHECK(read_back(w, registrar_found{nullptr, hello.card.build}).card.types == 42);
  CHECK(read_back(w, pruned_jobs{{{1, 2}}, {{3, 4}}, {5}}).resets.size() == 1);
  store_operations notes;
  notes.asks.push_back({1, store::note{.kind = "k", .lane = "l", .node = "n", .id = 1, .text = "t"}});
  CHECK(std::get<store::note>(read_back(w, notes).asks[0].op).text == "t");
  CHECK(read_back(w, spool_piece{{}, "abc", 1, 2, 3}).bytes == "abc");
  CHECK(read_back(w, list_checkpoint{"b1", 7}).node == "b1");
  const node::kept_file kept{"d/x", node::kept_kind::link, 0640, 5, "y"};
  CHECK(read_back(w, checkpoint_listing{{}, {kept}}).files == std::vector{kept});
  CHECK(read_back(w, read_checkpoint{"b1", 7, "d/x", 9}).offset == 9);
  CHECK(read_back(w, worker_reports{{node::worker_status{}}}).workers.size() == 1);
}

TEST_CASE("a number of no alternative fails the whole message", "[wire]") {
  world w;
  lane_orders orders;
  orders.items.emplace_back(node::lane_forget{5});
  auto bytes = written(w, orders);
  lane_orders copy;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto broken = bytes;
    broken[i] = static_cast<caf::byte>(0x7f);
    caf::binary_deserializer source{w.system(), broken};
    lane_orders read;
    if (source.apply(read)) copy = read; // It may be another message, but never one without an alternative.
  }
  CHECK(copy.items.size() <= 1);
}

TEST_CASE("what a lane on another node says and hears is read as it was written", "[wire]") {
  world w;
  store_operations asks{caf::actor_cast<store_client_actor>(w.find<lane_actor>("lane/fast")), {}};
  attempt_end end;
  end.how = outcome::demoted;
  end.run_time = 3s;
  asks.asks.push_back({1, store::lease{1, 2, "fast", 3, "b1", "fast@b1", 15s}});
  asks.asks.push_back({2, store::end{1, 2, "fast", 3, end, {"slow", 2, {}}, true}});
  asks.asks.push_back({3, store::move{1, 2, "fast", 3, "slow", true}});
  asks.asks.push_back({4, store::carry{1, 2, "fast", "slow", 3, "slow@b1", 4s, 2}});
  asks.asks.push_back({5, store::look{1, 2}});
  asks.asks.push_back({6, store::due{1, 2, "fast", 3}});
  asks.asks.push_back({7, store::lane_died{"fast", 1, "what"}});
  asks.asks.push_back({8, store::set_pause{"fast", {}, time_point{5s}}});
  asks.asks.push_back({9, store::open_lane{"fast"}});
  asks.asks.push_back({10, store::start_over{1, 2, "why"}});
  const auto copy = read_back(w, asks);
  REQUIRE(copy.asks.size() == 10);
  CHECK(std::get<store::start_over>(copy.asks[9].op).why == "why");
  CHECK(std::get<store::end>(copy.asks[1].op).decision.move_to == "slow");
  CHECK(std::get<store::end>(copy.asks[1].op).given_up);
  CHECK(std::get<store::set_pause>(copy.asks[7].op).only_since == time_point{5s});

  store_commit said;
  store::answer answer;
  answer.row = job{};
  answer.row->job_class = "sum";
  answer.input = "{}";
  answer.failure = error{errc::stale, "old", ""};
  said.answers.push_back({7, answer});
  store::lane_change change{"fast", 3, 4, false, {}, lane_pause{time_point{1s}, {}, "why"}};
  change.entry.id = 9;
  change.entry.state = job_state::scheduled;
  said.changes.push_back(change);
  said.live_jobs = 5;
  const auto heard = read_back(w, said);
  CHECK(heard.answers.at(0).reply.row->job_class == "sum");
  CHECK(heard.changes.at(0).pause->reason == "why");
  CHECK(heard.changes.at(0).entry.state == job_state::scheduled);

  CHECK(read_back(w, load_lane_page{asks.from, "fast", 5, 6}).after == 5);
  CHECK(read_back(w, lane_loaded{{{change.entry}, 3, true}, 5}).rows.entries.size() == 1);
  CHECK(read_back(w, slot_offer{{"fast", 1, 2, 3, {"sum"}}}).what.classes.size() == 1);
  CHECK(read_back(w, carry_question{{"fast", 1, 2, "b1", 3s}}).what.ran == duration{3s});
  CHECK(read_back(w, carry_answer{{7}}).what.fence == 7);
  lane_progress progress{lane::status{}, {{policy::job_facts{1, "sum", "me", 2, 3, true, "slow"}, outcome::lost, 3s}}};
  progress.now.name = "fast";
  progress.now.classes = {"sum"};
  progress.now.granted = 9;
  const auto seen = read_back(w, progress);
  CHECK(seen.now.granted == 9);
  CHECK(seen.finished.at(0).job.overflow_from == "slow");
  view_update view;
  view.now.lanes["fast"] = {1, 2s, 3, 4};
  view.now.classes["sum"] = {1s, 2s, 3s, 4};
  CHECK(read_back(w, view).now.classes.at("sum").samples == 4);
  CHECK(read_back(w, place_report{lane::job_place{1, 2, 3, 4, true, false}}).place->ahead == 2);
  CHECK(read_back(w, host_lanes{{"fast"}}).lanes.size() == 1);
  CHECK(read_back(w, lane_hosted{"b1", "fast", nullptr}).lane == "fast");
}

TEST_CASE("a node cannot ask the store for what only clients and operators may", "[wire]") {
  world w;
  store_operations asks;
  asks.asks.push_back({1, store::cancel{1, "why"}});
  caf::byte_buffer bytes;
  caf::binary_serializer sink{w.system(), bytes};
  CHECK_THROWS(sink.apply(asks));
}
