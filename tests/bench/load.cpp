#include "fabric/job/limits.hpp"

#include "actors/client.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

/// Load for scripts/bench through the C++ client; prints one JSON object.
///
///   cycles   jobs with so many in flight, from submission until their end is known
///   submit   submissions in batches, by several clients at once
///   paced    so many jobs per second one at a time; then how long each took from the call to its start
namespace {

using namespace fabric;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

struct options {
  actors::client_settings where;
  std::string job_class = "noop";
  std::string input = "null";
  std::uint64_t jobs = 10'000;
  std::uint32_t window = 1000; ///< In flight, all clients together.
  std::uint32_t batch = limits::batch_jobs;
  std::uint32_t clients = 4;
  double rate = 200;
  std::string delay = "0";
};

template <class T> T must(expected<T> value) {
  if (value) return std::move(*value);
  std::fprintf(stderr, "fabric-load: %s\n", render(value.error()).c_str());
  std::exit(1);
}

job_spec one_job(const options& how) {
  job_spec spec;
  spec.job_class = how.job_class;
  spec.input = how.input;
  spec.delay = std::chrono::milliseconds{std::atoll(how.delay.c_str())};
  return spec;
}

std::vector<job_id> submit(actors::client& to, const options& how, std::uint64_t count) {
  std::vector<job_id> ids;
  for (const auto& r : must(to.submit(std::vector<job_spec>(count, one_job(how)))).items) {
    if (r.failure) must<int>(tl::unexpected{*r.failure});
    ids.push_back(r.id);
  }
  return ids;
}

constexpr std::size_t asked_max = 64; ///< They end about in their order: asking for all would only read more rows.

/// Takes out of `ids` what is final; waits until something is.
void await_some(actors::client& at, std::vector<job_id>& ids) {
  const std::vector<job_id> asked(ids.begin(),
                                  ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), asked_max)));
  for (const auto& job : must(at.wait(asked, 10s))) {
    if (job.state != job_state::succeeded) must<int>(fail(errc::wrong_state, "a job did not succeed: " + job.reason));
    std::erase(ids, job.id);
  }
}

/// One of `clients`: keeps its share of the window full.
void cycle(const options& how, std::uint64_t jobs) {
  actors::client fabric{how.where};
  const auto window = std::max(how.window / how.clients, 1u);
  std::vector<job_id> open;
  for (std::uint64_t sent = 0; sent < jobs || !open.empty();) {
    const auto room = std::min<std::uint64_t>({window - open.size(), jobs - sent, how.batch});
    if (room > 0) {
      const auto ids = submit(fabric, how, room);
      open.insert(open.end(), ids.begin(), ids.end());
      sent += room;
    }
    await_some(fabric, open);
  }
}

void only_submit(const options& how, std::uint64_t jobs) {
  actors::client fabric{how.where};
  for (std::uint64_t sent = 0; sent < jobs;)
    sent += submit(fabric, how, std::min<std::uint64_t>(jobs - sent, how.batch)).size();
}

/// Runs `work` in every client with its share of the jobs; returns jobs per second.
template <class Work> int in_parallel(const options& how, Work work) {
  const auto start = steady::now();
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < how.clients; ++i) {
    const auto share = how.jobs / how.clients + (i < how.jobs % how.clients ? 1 : 0);
    threads.emplace_back([&how, work, share] { work(how, share); });
  }
  for (auto& t : threads) t.join();
  const std::chrono::duration<double> took = steady::now() - start;
  std::printf("{\"jobs\": %llu, \"seconds\": %.4f, \"per_second\": %.1f}\n", static_cast<unsigned long long>(how.jobs),
              took.count(), static_cast<double>(how.jobs) / took.count());
  return 0;
}

time_point wall() { return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now()); }

int paced(const options& how) {
  actors::client fabric{how.where};
  std::vector<std::pair<job_id, time_point>> sent;
  const auto begin = steady::now();
  for (std::uint64_t i = 0; i < how.jobs; ++i) {
    std::this_thread::sleep_until(begin + std::chrono::duration_cast<steady::duration>(
                                              std::chrono::duration<double>(static_cast<double>(i) / how.rate)));
    const auto at = wall();
    sent.emplace_back(submit(fabric, how, 1).at(0), at);
  }
  std::vector<double> ms;
  for (const auto& [id, at] : sent) {
    std::vector<job_id> open{id};
    await_some(fabric, open);
    const auto found = must(fabric.details(id));
    ms.push_back(std::chrono::duration<double, std::milli>(found.attempts.at(0).started_at - at).count());
  }
  std::sort(ms.begin(), ms.end());
  const auto quantile = [&](double q) { return ms[static_cast<std::size_t>(q * static_cast<double>(ms.size() - 1))]; };
  std::printf("{\"jobs\": %zu, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n", ms.size(), quantile(0.5),
              quantile(0.99), ms.back());
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  options how;
  CLI::App app{"fabric-load: load for scripts/bench"};
  app.require_subcommand(1);
  app.add_option("--port", how.where.port)->required();
  app.add_option("--tls", how.where.tls);
  app.add_option("--class", how.job_class);
  app.add_option("--input", how.input);
  app.add_option("--jobs", how.jobs);
  app.add_option("--window", how.window);
  app.add_option("--batch", how.batch);
  app.add_option("--clients", how.clients);
  app.add_option("--rate", how.rate);
  app.add_option("--delay-ms", how.delay);
  auto* cycles = app.add_subcommand("cycles", "with a window in flight, to their end");
  auto* submits = app.add_subcommand("submit", "submissions alone");
  app.add_subcommand("paced", "at a rate, for their latency");
  CLI11_PARSE(app, argc, argv);
  if (cycles->parsed()) return in_parallel(how, cycle);
  if (submits->parsed()) return in_parallel(how, only_submit);
  return paced(how);
}
