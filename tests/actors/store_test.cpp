#include "fabric/exec/spool.hpp"

#include "actors/membership.hpp"
#include "actors/readers.hpp"
#include "actors/spool_keeper.hpp"
#include "actors/store.hpp"
#include "tests/actors/world.hpp"

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace fabric;
using namespace fabric::actors;
using testing::spec;
using testing::world;
using testing::world_settings;

namespace {

using commits = std::vector<store_commit>;

/// Keeps what the store tells it.
class collector : public store_client_actor::base {
public:
  collector(caf::actor_config& cfg, commits& into) : store_client_actor::base(cfg), into_(into) { harden(this); }
  behavior_type make_behavior() override {
    return {[this](store_commit& m) { into_.push_back(std::move(m)); }, [](lane_loaded&) {}};
  }

private:
  commits& into_;
};

/// Keeps what membership tells a lane.
class watched_lane : public lane_actor::base {
public:
  using verdicts = std::vector<lane::event>;
  watched_lane(caf::actor_config& cfg, verdicts& into) : lane_actor::base(cfg), into_(into) { harden(this); }
  behavior_type make_behavior() override {
    return {
        [](store_commit&) {},
        [](lane_loaded&) {},
        [](worker_news&) {},
        [this](lease_verdict& m) {
          for (auto& item : m.items) into_.push_back(std::move(item));
        },
        [](slot_offer&) {},
        [](carry_question&) {},
        [](carry_answer&) {},
        [](view_update&) {},
        [](get_lanes) { return lane_report{}; },
        [](config_news&) { return true; },
        [](get_place) { return place_report{}; },
        [](directory_entry&) {},
    };
  }

private:
  verdicts& into_;
};

world_settings bare() {
  world_settings how;
  how.with_node = false;
  return how;
}

store_operations submissions(const store_client_actor& from, std::uint64_t first_ticket, std::size_t count) {
  store_operations m{from, {}};
  for (std::size_t i = 0; i < count; ++i) m.asks.push_back({first_ticket + i, store::submit{spec(), "fast", 3}});
  return m;
}

/// A directory that goes with the test.
struct scratch {
  scratch() {
    std::string pattern = std::filesystem::temp_directory_path() / "fabric-spool-XXXXXX";
    path = mkdtemp(pattern.data());
  }
  ~scratch() { std::filesystem::remove_all(path); }
  std::string path;
};

void write(const std::string& spool, job_id id, std::uint32_t attempt, const std::string& text) {
  const std::filesystem::path directory = exec::attempt_directory(spool, id, attempt);
  std::filesystem::create_directories(directory);
  std::ofstream{directory / "stdout", std::ios::app} << text;
}

} // namespace

TEST_CASE("operations that wait together are one transaction and one message per destination", "[store]") {
  world w{bare()};
  commits to_a, to_b;
  const auto db = spawn_store(w.system(), w.env(), w.store, spawn_as::in_scheduler);
  const store_client_actor a = w.system().spawn<collector>(to_a);
  const store_client_actor b = w.system().spawn<collector>(to_b);
  w.run();
  tell_anon(db, submissions(a, 1, 100));
  tell_anon(db, submissions(b, 1, 20));
  tell_anon(db, submissions(a, 101, 100));
  w.run();
  CHECK(w.store->transactions == std::vector<std::size_t>{220});
  REQUIRE(to_a.size() == 1);
  REQUIRE(to_b.size() == 1);
  CHECK(to_a[0].answers.size() == 200);
  CHECK(to_a[0].answers.back().ticket == 200);
  CHECK(to_b[0].answers.size() == 20);
  CHECK(to_a[0].live_jobs == 220);

  tell_anon(db, submissions(a, 1, 1200));
  w.run();
  CHECK(w.store->transactions == std::vector<std::size_t>{220, 512, 512, 176});
  std::size_t answers = 0;
  for (const auto& m : to_a) answers += m.answers.size();
  CHECK(answers == 1400);
  for (const auto& who :
       {caf::actor_cast<caf::actor>(a), caf::actor_cast<caf::actor>(b), caf::actor_cast<caf::actor>(db)})
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
}

TEST_CASE("what came in one message is not torn apart into two transactions, if it fits into one", "[store]") {
  world w{bare()};
  commits to_a;
  const auto db = spawn_store(w.system(), w.env(), w.store, spawn_as::in_scheduler);
  const store_client_actor a = w.system().spawn<collector>(to_a);
  w.run();
  for (std::uint64_t i = 0; i < 4; ++i) tell_anon(db, submissions(a, 1 + i * 300, 300));
  w.run();
  CHECK(w.store->transactions == std::vector<std::size_t>{300, 300, 300, 300});
  tell_anon(db, submissions(a, 1201, 10));
  tell_anon(db, submissions(a, 1211, 512));
  w.run();
  CHECK(w.store->transactions == std::vector<std::size_t>{300, 300, 300, 300, 10, 512});
  std::uint64_t next = 1;
  for (const auto& m : to_a)
    for (const auto& one : m.answers) CHECK(one.ticket == next++);
  CHECK(next == 1723);
  for (const auto& who : {caf::actor_cast<caf::actor>(a), caf::actor_cast<caf::actor>(db)})
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
}

TEST_CASE("a lane hears of its changes in the message that answers its operations", "[store]") {
  world w{bare()};
  commits to_lane, to_client;
  const auto db = spawn_store(w.system(), w.env(), w.store, spawn_as::in_scheduler);
  const store_client_actor lane = w.system().spawn<collector>(to_lane);
  const store_client_actor client = w.system().spawn<collector>(to_client);
  tell_anon(db, store_operations{lane, {{1, store::open_lane{"fast"}}}});
  tell_anon(db, submissions(client, 1, 2));
  w.run();
  CHECK(w.store->transactions == std::vector<std::size_t>{3});
  REQUIRE(to_lane.size() == 1);
  CHECK(to_lane[0].answers.at(0).reply.epoch == 1);
  REQUIRE(to_lane[0].changes.size() == 2);
  CHECK(to_lane[0].changes[0].seq == 1);
  CHECK(to_lane[0].changes[1].seq == 2);
  REQUIRE(to_client.size() == 1);
  CHECK(to_client[0].changes.empty());
  for (const auto& who :
       {caf::actor_cast<caf::actor>(lane), caf::actor_cast<caf::actor>(client), caf::actor_cast<caf::actor>(db)})
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
}

TEST_CASE("a full disk refuses, and the next operations are tried again", "[store]") {
  world w;
  w.store->failure = error{errc::disk_full, "no space left", ""};
  const auto refused = w.ask_now<receipts>(w.scheduler(), submit_jobs{{spec()}});
  REQUIRE(refused.items.at(0).failure);
  CHECK(refused.items[0].failure->code == errc::disk_full);
  CHECK(w.failures.empty());
  w.store->failure.reset();
  CHECK(w.state(w.submit()) == job_state::running);
}

TEST_CASE("an end that found the disk full is committed when there is space again", "[store]") {
  world w;
  const auto id = w.submit();
  w.store->failure = error{errc::disk_full, "no space left", ""};
  w.process.end(w.process.fence_of(id), outcome::succeeded);
  w.advance(8s);
  CHECK(w.state(id) == job_state::running);
  CHECK(w.process.forgotten.empty());
  w.store->failure.reset();
  w.advance(6s);
  CHECK(w.state(id) == job_state::succeeded);
  CHECK(w.process.forgotten.size() == 1);
  CHECK(w.process.runs.size() == 1);
}

TEST_CASE("while free space is low nothing is taken and nothing started, but ends are kept", "[store]") {
  auto how = world_settings{};
  how.config.lanes[0].slots = 1;
  world w{how};
  const auto running = w.submit();
  const auto queued = w.submit();
  w.store->disk_is_low = true;
  const auto refused = w.ask_now<receipts>(w.scheduler(), submit_jobs{{spec()}});
  REQUIRE(refused.items.at(0).failure);
  CHECK(refused.items[0].failure->code == errc::disk_full);
  w.process.end(w.process.fence_of(running), outcome::succeeded);
  w.advance(20s);
  CHECK(w.state(running) == job_state::succeeded);
  CHECK(w.state(queued) == job_state::ready);
  w.store->disk_is_low = false;
  w.advance(10s);
  CHECK(w.state(queued) == job_state::running);
}

TEST_CASE("a store that cannot be trusted answers nobody and ends the process with 70", "[store]") {
  world w;
  w.store->failure = error{errc::io_error, "the disk is gone", ""};
  const auto receipt = w.ask_later<receipts>(w.scheduler(), submit_jobs{{spec()}});
  w.run();
  CHECK_FALSE(receipt->has_value());
  REQUIRE_FALSE(w.failures.empty());
  CHECK(w.failures[0].first == 70);
  CHECK(w.failures[0].second.find("the disk is gone") != std::string::npos);
}

TEST_CASE("operations wait while the store is locked, and are committed in their order", "[store]") {
  world w{bare()};
  commits to_client;
  const auto db = spawn_store(w.system(), w.env(), w.store, spawn_as::in_scheduler);
  const store_client_actor client = w.system().spawn<collector>(to_client);
  w.store->failure = error{errc::unavailable, "database is locked", ""};
  tell_anon(db, submissions(client, 1, 500));
  w.run();
  tell_anon(db, submissions(client, 501, 600));
  w.advance(5s);
  CHECK(to_client.empty());
  CHECK(w.failures.empty());
  w.store->failure.reset();
  w.advance(200ms);
  CHECK(w.store->transactions == std::vector<std::size_t>{500, 512, 88});
  std::uint64_t next = 0;
  for (const auto& m : to_client)
    for (const auto& a : m.answers) {
      CHECK(a.ticket == ++next);
      CHECK(a.reply.id == next);
    }
  CHECK(next == 1100);
  for (const auto& who : {caf::actor_cast<caf::actor>(client), caf::actor_cast<caf::actor>(db)})
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
}

TEST_CASE("finished jobs are forgotten at their age also by a fabric that has nothing to do", "[store]") {
  world w{bare()};
  commits ignored;
  const auto db = spawn_store(w.system(), w.env(), w.store, spawn_as::in_scheduler);
  const store_client_actor client = w.system().spawn<collector>(ignored);
  tell_anon(db, submissions(client, 1, 1));
  tell_anon(db, store_operations{client, {{2, store::cancel{1, "not needed"}}}});
  w.run();
  REQUIRE(w.state(1) == job_state::cancelled);
  w.advance(std::chrono::hours{24} - 1s);
  CHECK(w.state(1) == job_state::cancelled);
  w.advance(61s);
  CHECK(w.store->rows->find(1).error().code == errc::not_found);
  for (const auto& who : {caf::actor_cast<caf::actor>(client), caf::actor_cast<caf::actor>(db)})
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
}

TEST_CASE("membership gives a lease up only after its length and the slack", "[membership]") {
  world w{bare()};
  commits ignored;
  watched_lane::verdicts verdicts;
  const auto membership = spawn_membership(w.system(), w.env(), {});
  const auto lane = w.system().spawn<watched_lane>(verdicts);
  tell_anon(membership, directory_entry{"lane/fast", caf::actor_cast<caf::strong_actor_ptr>(lane)});
  tell_anon(membership, renew_leases{{}, {"a1", 7, 1, {}}});
  tell_anon(membership, lease_news{{scheduler::attempt_leased{5, 1, "fast", "a1", 15s}}});
  w.advance(4s);
  tell_anon(membership, renew_leases{{}, {"a1", 7, 2, {5}}});
  w.advance(11s);
  REQUIRE(verdicts.size() == 1); // Silent for 10 s: its slots are gone, its leases are not.
  REQUIRE(std::holds_alternative<lane::node_gone>(verdicts[0]));
  CHECK(std::get<lane::node_gone>(verdicts[0]).boot == 7);
  w.advance(4900ms);
  CHECK(verdicts.size() == 1);
  w.advance(200ms);
  REQUIRE(verdicts.size() == 2);
  REQUIRE(std::holds_alternative<lane::lease_over>(verdicts[1]));
  CHECK(std::get<lane::lease_over>(verdicts[1]).fence == 5);
  for (const auto& who : {caf::actor_cast<caf::actor>(membership), caf::actor_cast<caf::actor>(lane)})
    caf::anon_send_exit(who, caf::exit_reason::user_shutdown);
}

namespace {

/// Of node a1, whose spool is there.
spool_reader_actor read_spool_of(world& w, const std::string& path) {
  const auto files = spawn_spool_files(w.system(), path, spawn_as::in_scheduler);
  const auto reader = spawn_spool_reader(w.system(), "a1", w.store->rows, spawn_as::in_scheduler);
  tell_anon(reader, directory_entry{"spool_files", caf::actor_cast<caf::strong_actor_ptr>(files)});
  return reader;
}

} // namespace

TEST_CASE("output that is not kept any more is told from output that has not begun", "[spool]") {
  world w;
  const scratch spool;
  const auto reader = read_spool_of(w, spool.path);
  const auto id = w.submit();
  const auto read = [&] { return w.ask_now<log_piece>(reader, read_log{id, 1, false, 0, 100}); };
  auto piece = read();
  CHECK_FALSE(piece.failure);
  CHECK_FALSE(piece.gone);
  CHECK_FALSE(piece.complete);
  w.process.end(w.process.fence_of(id), outcome::succeeded);
  w.run();
  piece = read();
  CHECK_FALSE(piece.failure);
  CHECK(piece.gone);
  CHECK(piece.complete);
  caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
}

TEST_CASE("what was cut out of an output is counted, not read", "[spool]") {
  world w;
  const scratch spool;
  const auto reader = read_spool_of(w, spool.path);
  const auto id = w.submit();
  constexpr std::uint64_t behind = 1 << 20;
  write(spool.path, id, 1, "head");
  const std::filesystem::path file = exec::attempt_directory(spool.path, id, 1) + "/stdout";
  std::filesystem::resize_file(file, behind); // A hole up to there.
  std::ofstream(file, std::ios::binary | std::ios::app) << "tail";
  const auto read = [&](std::uint64_t offset) {
    return w.ask_now<log_piece>(reader, read_log{id, 0, false, offset, 1u << 30});
  };
  const auto head = read(0); // All of its block.
  REQUIRE(head.bytes.starts_with("head"));
  CHECK(head.skipped == 0);
  REQUIRE(head.next_offset < behind);
  const auto tail = read(head.next_offset);
  CHECK(tail.bytes == "tail");
  CHECK(tail.skipped == behind - head.next_offset);
  CHECK(tail.next_offset == behind + 4);
  caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
}

TEST_CASE("an attempt's output is read piece by piece, while it grows and to its end", "[spool]") {
  world w;
  const scratch spool;
  const auto reader = read_spool_of(w, spool.path);
  const auto id = w.submit();
  const auto read = [&](std::uint64_t offset, std::uint32_t limit) {
    return w.ask_now<log_piece>(reader, read_log{id, 0, false, offset, limit});
  };
  write(spool.path, id, 1, "hello world");
  auto piece = read(0, 5);
  CHECK_FALSE(piece.failure);
  CHECK(piece.bytes == "hello");
  CHECK(piece.next_offset == 5);
  CHECK(piece.attempt == 1);
  CHECK_FALSE(piece.complete);
  CHECK(piece.more_attempts);
  piece = read(5, 1u << 30);
  CHECK(piece.bytes == " world");
  CHECK_FALSE(piece.complete); // It still runs.
  w.process.end(w.process.fence_of(id), outcome::succeeded);
  w.run();
  piece = read(11, 100);
  CHECK(piece.bytes.empty());
  CHECK(piece.complete);
  CHECK_FALSE(piece.more_attempts);
  const auto unknown = w.ask_now<log_piece>(reader, read_log{99, 0, false, 0, 100});
  REQUIRE(unknown.failure);
  CHECK(unknown.failure->code == errc::not_found);
  const auto no_attempt = w.ask_now<log_piece>(reader, read_log{id, 7, false, 0, 100});
  REQUIRE(no_attempt.failure);
  CHECK(no_attempt.failure->code == errc::not_found);
  caf::anon_send_exit(reader, caf::exit_reason::user_shutdown);
}

TEST_CASE("readers close their connection when they end, whoever still holds their handles", "[store]") {
  world_settings bare;
  bare.with_node = false;
  world w{bare};
  const auto db = std::make_shared<store::memory_store>();
  const std::vector<caf::actor> readers{
      caf::actor_cast<caf::actor>(spawn_store_reader(w.system(), db, spawn_as::in_scheduler)),
      caf::actor_cast<caf::actor>(spawn_spool_reader(w.system(), "a1", db, spawn_as::in_scheduler))};
  w.run();
  CHECK(db.use_count() == 3);
  for (const auto& r : readers) caf::anon_send_exit(r, caf::exit_reason::user_shutdown);
  w.run();
  CHECK(db.use_count() == 1);
}
