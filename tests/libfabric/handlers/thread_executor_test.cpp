#include "fabric/handlers/job_context.hpp"
#include "fabric/handlers/thread_executor.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdlib.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <stdexcept>

using namespace fabric;
using namespace fabric::handlers;

namespace {

/// Opens once; whoever waits goes on. Fails the test instead of waiting for ever.
class gate {
public:
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, 30s, [this] { return open_; })) throw std::runtime_error("the gate stayed shut");
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

struct fixture {
  explicit fixture(handler_registry handlers) {
    char path[] = "/tmp/fabric-handlers-XXXXXX";
    spool = mkdtemp(path);
    thread_executor_settings how;
    how.handlers = std::move(handlers);
    how.spool = spool;
    how.now = [] { return time_point{1h}; };
    how.wake = [this] {
      const std::lock_guard lock{mutex};
      woken = true;
      changed.notify_all();
    };
    machine = std::make_unique<thread_executor>(std::move(how));
  }
  ~fixture() {
    machine.reset();
    std::filesystem::remove_all(spool);
  }

  task order(fence_t fence, std::string handler = "h", std::string input = "{}", std::uint32_t size = 2) {
    return {fence, 7, 3, "work", "fast", std::move(handler), "compute", size, std::move(input), 2s};
  }
  void start(fence_t fence, std::string input = "{}", std::uint32_t size = 2) {
    machine->start({order(fence, "h", std::move(input), size)});
  }
  returned next() {
    std::unique_lock lock{mutex};
    if (got.empty()) {
      REQUIRE(changed.wait_for(lock, 30s, [this] { return woken; }));
      woken = false;
      lock.unlock();
      auto all = machine->take();
      for (auto& end : all.ends) got.push_back(std::move(end));
    }
    REQUIRE(!got.empty());
    auto end = std::move(got.front());
    got.erase(got.begin());
    return end;
  }

  std::string spool;
  std::mutex mutex;
  std::condition_variable changed;
  bool woken = false;
  std::vector<returned> got;
  std::unique_ptr<thread_executor> machine;
};

TEST_CASE("a handler sees its attempt and returns its result", "[handlers]") {
  fixture f{{{"h", [](job_context& job) {
                return nlohmann::json{{"sum", job.input()["a"].get<int>() + 1},
                                      {"who", {job.id(), job.attempt(), job.fence()}},
                                      {"where", job.job_class() + "/" + job.lane()},
                                      {"deadline", (*job.deadline() - time_point{1h}) / 1s}};
              }}}};
  f.start(5, R"({"a":41})");
  const auto end = f.next();
  CHECK(end.fence == 5);
  CHECK(end.how == returned::way::result);
  CHECK(end.text == R"({"deadline":2,"sum":42,"where":"work/fast","who":[7,3,5]})");
}

TEST_CASE("what a handler throws is told, whatever it is", "[handlers]") {
  fixture f{{{"h", [](job_context& job) -> nlohmann::json {
                if (job.fence() == 1) throw std::runtime_error("no such picture");
                if (job.fence() == 2) throw checkpoint_saved{};
                throw 42;
              }}}};
  f.start(1);
  auto end = f.next();
  CHECK(end.how == returned::way::threw);
  CHECK(end.text == "no such picture");
  f.start(2);
  CHECK(f.next().how == returned::way::checkpoint);
  f.start(3);
  end = f.next();
  CHECK(end.how == returned::way::threw);
  CHECK(end.text == "an exception without a word");
}

TEST_CASE("a result that is too large, too deep or not UTF-8 is a bad one", "[handlers]") {
  fixture f{{{"h", [](job_context& job) -> nlohmann::json {
                if (job.fence() == 1) return std::string(2 << 20, 'x');
                if (job.fence() == 2) return "\xff";
                nlohmann::json deep;
                for (int i = 0; i < 100; ++i) deep = nlohmann::json::array({deep});
                return deep;
              }}}};
  f.start(1);
  auto end = f.next();
  CHECK(end.how == returned::way::bad_result);
  CHECK(end.text == "it is over 1 MiB");
  for (const fence_t fence : {2, 3}) {
    f.start(fence);
    CHECK(f.next().how == returned::way::bad_result);
  }
}

TEST_CASE("an input that is not JSON any more fails its attempt alone", "[handlers]") {
  fixture f{{{"h", [](job_context& job) { return job.input(); }}}};
  f.start(1, "{");
  CHECK(f.next().how == returned::way::threw);
}

TEST_CASE("a stop reaches a handler that waits for it, and one that asks", "[handlers]") {
  gate begun;
  fixture f{{{"h", [&](job_context& job) -> nlohmann::json {
                if (job.stop_requested()) return "too early";
                begun.open();
                return job.wait_for_stop(1h) && job.stop_requested();
              }}}};
  f.start(1);
  begun.pass();
  CHECK(!f.machine->stop(1));
  CHECK(f.next().text == "true");
}

TEST_CASE("what is stopped before a thread took it never runs", "[handlers]") {
  gate begun, go;
  std::atomic<int> runs = 0;
  fixture f{{{"h", [&](job_context&) -> nlohmann::json {
                ++runs;
                begun.open();
                go.pass();
                return nullptr;
              }}}};
  f.start(1, "{}", 1);
  begun.pass();
  f.start(2, "{}", 1);
  CHECK(f.machine->stop(2));
  f.start(3, "{}", 1);
  go.open();
  CHECK(f.next().fence == 1);
  CHECK(f.next().fence == 3);
  CHECK(runs == 2);
}

TEST_CASE("an abandoned handler's thread is replaced, and what it returns is told", "[handlers]") {
  gate begun, go;
  fixture f{{{"h", [&](job_context& job) -> nlohmann::json {
                if (job.fence() != 1) return "another thread";
                begun.open();
                go.pass();
                return "late";
              }}}};
  f.start(1, "{}", 1);
  begun.pass();
  f.start(2, "{}", 1);
  f.machine->abandon(1);
  CHECK(f.next().text == "\"another thread\"");
  go.open();
  CHECK(f.next().text == "\"late\"");
}

TEST_CASE("as many run at once as there are threads, and the groups do not wait for each other", "[handlers]") {
  gate both, other;
  std::atomic<int> inside = 0;
  fixture f{{{"h",
              [&](job_context&) -> nlohmann::json {
                if (++inside == 2) both.open();
                both.pass();
                other.pass();
                return nullptr;
              }},
             {"o", [&](job_context&) -> nlohmann::json {
                other.open();
                return nullptr;
              }}}};
  f.machine->start({f.order(1), f.order(2)});
  both.pass();
  auto in_other = f.order(3, "o");
  in_other.threads = "io";
  f.machine->start({in_other});
  for (int i = 0; i < 3; ++i) CHECK(f.next().how == returned::way::result);
}

TEST_CASE("the newest progress comes with the end", "[handlers]") {
  fixture f{{{"h", [](job_context& job) -> nlohmann::json {
                job.progress(10, "first");
                job.progress(250, "second", {{"bytes", 7.0}});
                return nullptr;
              }}}};
  f.start(1);
  CHECK(f.next().progress == R"({"counters":{"bytes":7},"message":"second","percent":100})");
}

TEST_CASE("what a handler said is there for whoever looks, once, the newest of it", "[handlers]") {
  gate said, looked;
  fixture f{{{"h", [&](job_context& job) -> nlohmann::json {
                for (int i = 0; i <= 1000; ++i) job.progress(i / 10.0, "working");
                said.open();
                looked.pass();
                return nullptr;
              }}}};
  f.start(1);
  said.pass();
  const auto first = f.machine->take().progress;
  REQUIRE(first.size() == 1);
  CHECK(first[0].fence == 1);
  CHECK(first[0].state == R"({"counters":{},"message":"working","percent":100})");
  CHECK(first[0].at != no_time);
  CHECK(f.machine->take().progress.empty());
  looked.open();
  const auto end = f.next();
  CHECK(end.progress == first[0].state);
  CHECK(end.progress_at == first[0].at);
}

TEST_CASE("a checkpoint is what was saved last, for every attempt of the job", "[handlers]") {
  fixture f{{{"h", [](job_context& job) -> nlohmann::json {
                const auto before = job.load_checkpoint();
                job.save_checkpoint(before.value_or("") + "x");
                return before ? nlohmann::json(*before) : nlohmann::json(nullptr);
              }}}};
  f.start(1);
  CHECK(f.next().text == "null");
  f.start(2);
  CHECK(f.next().text == "\"x\"");
  f.start(3);
  CHECK(f.next().text == "\"xx\"");
  CHECK(std::filesystem::exists(f.spool + "/checkpoints/7/checkpoint"));
}

TEST_CASE("noop does nothing; sleep wants a duration and heeds a stop", "[handlers]") {
  fixture f{built_in_handlers()};
  f.machine->start({f.order(1, "noop")});
  CHECK(f.next().text == "null");
  f.machine->start({f.order(2, "sleep", R"({"for":"1ms"})")});
  CHECK(f.next().text == "null");
  for (const auto* input : {"{}", "[]", R"({"for":5})", R"({"for":"soon"})"}) {
    f.machine->start({f.order(3, "sleep", input)});
    const auto end = f.next();
    CHECK(end.how == returned::way::threw);
    CHECK(end.text.starts_with("/input"));
  }
  f.machine->start({f.order(4, "sleep", R"({"for":"1h"})")});
  if (!f.machine->stop(4)) CHECK(f.next().how == returned::way::threw);
}

} // namespace
