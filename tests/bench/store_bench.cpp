#include "fabric/store/sqlite_store.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

/// What the SQLite store does per second, durably, without actors: `bench_store DIRECTORY [JOBS [JOBS_PER_KEY]]`.
///   submissions    batches of N submits
///   life cycles    steady flow in batches of N operations: each ends one job, leases another and submits a third
namespace {

using namespace fabric;
using namespace fabric::store;
using steady = std::chrono::steady_clock;

time_point wall() { return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()); }

template <class T> T must(expected<T> value) {
  if (value) return std::move(*value);
  std::fprintf(stderr, "bench_store: %s\n", render(value.error()).c_str());
  std::exit(1);
}

/// So many jobs after each other have the same ordering key; 0: none has one.
std::uint64_t jobs_per_key = 0;

operation new_job() {
  static std::uint64_t made = 0;
  submit op;
  if (jobs_per_key > 0) op.spec.ordering_key = "build-" + std::to_string(made++ / jobs_per_key);
  op.spec.job_class = "checksum";
  op.spec.input = R"({"path": "/usr/include/stdio.h", "algorithm": "sha256", "lines": true})";
  op.lane = "fast";
  return op;
}

struct flow {
  sqlite_store& store;
  std::uint64_t epoch = 0;
  std::vector<job> running;
  std::vector<lane_entry> ready;
  std::size_t cycles = 0;

  void step(std::size_t batch);
};

void flow::step(std::size_t batch) {
  std::vector<operation> ops;
  for (const auto& row : running) {
    end done{row.id, row.fence, "fast", epoch, {}, {}};
    done.how.how = outcome::succeeded;
    done.how.started = true;
    done.how.result = R"({"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"})";
    ops.push_back(done);
  }
  for (const auto& j : ready) ops.push_back(lease{j.id, j.version, "fast", epoch, "a1", "fast@a1", 15s});
  while (ops.size() < batch) ops.push_back(new_job());
  const auto result = must(store.apply(ops, wall()));
  cycles += running.size();
  running.clear();
  ready.clear();
  for (const auto& a : result.answers)
    if (a.row) running.push_back(*a.row);
  for (const auto& c : result.changes)
    if (!c.gone && c.entry.state == job_state::ready) ready.push_back(c.entry);
  // A third of a batch each, once the flow is steady.
  if (ready.size() > batch / 3) ready.resize(batch / 3);
}

double seconds_since(steady::time_point start) { return std::chrono::duration<double>(steady::now() - start).count(); }

void measure(const std::string& directory, std::size_t batch, std::size_t jobs) {
  std::filesystem::remove_all(directory);
  const auto store = must(sqlite_store::open(directory + "/store.db"));
  const auto opened = must(store->apply(std::vector<operation>{open_lane{"fast"}}, wall()));
  std::vector<operation> submits;
  duration spent{};
  steady::time_point start;
  for (std::size_t done = 0; done < jobs; done += batch) {
    submits.clear();
    while (submits.size() < batch) submits.push_back(new_job());
    start = steady::now();
    must(store->apply(submits, wall()));
    spent += std::chrono::duration_cast<duration>(steady::now() - start);
  }
  std::printf("batch %3zu: %8.0f submissions/s", batch,
              static_cast<double>(jobs) / std::chrono::duration<double>(spent).count());
  flow cycle{*store, opened.answers[0].epoch, {}, {}, 0};
  start = steady::now();
  while (cycle.cycles < jobs) cycle.step(batch);
  std::printf(", %8.0f life cycles/s\n", static_cast<double>(cycle.cycles) / seconds_since(start));
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_store DIRECTORY [JOBS [JOBS_PER_KEY]]\n");
    return 2;
  }
  jobs_per_key = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 0;
  const std::size_t jobs = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 50'000;
  for (const std::size_t batch : {100, 512}) measure(std::string(argv[1]) + "/bench-store", batch, jobs);
}
