#include <chrono>
#include <nodes/fabricd/program.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

/// A node with handlers of its own: my-node --config FILE, as one would start fabricd. Its classes name them:
///
///     "classes": {"words": {"handler": "words"}, "steps": {"handler": "steps", "threads": "io"}}
namespace {

using namespace std::chrono_literals;

/// {"text": "some words"} -> {"words": 2}
nlohmann::json words(fabric::job_context& job) {
  std::istringstream text{job.input().at("text").get<std::string>()};
  int count = 0;
  for (std::string word; text >> word;) ++count;
  return {{"words", count}};
}

/// {"steps": 10, "ms": 100}: takes so many steps, and goes on where it was when it is interrupted.
nlohmann::json steps(fabric::job_context& job) {
  const int all = job.input().at("steps").get<int>();
  const auto pause = std::chrono::milliseconds{job.input().at("ms").get<int>()};
  const auto before = job.load_checkpoint();
  const int first = before ? std::stoi(*before) : 0;
  for (int step = first; step < all; ++step) {
    job.progress(100.0 * step / all, "step " + std::to_string(step), {{"done", step}});
    if (!job.wait_for_stop(pause)) continue;
    job.save_checkpoint(std::to_string(step));
    throw fabric::checkpoint_saved{};
  }
  return {{"first", first}, {"steps", all}};
}

/// Does not heed a stop, as no handler should: for to see what becomes of it and of its node.
nlohmann::json deaf(fabric::job_context& job) {
  for (const auto end = std::chrono::steady_clock::now() + 1h; std::chrono::steady_clock::now() < end;)
    job.wait_for_stop(job.stop_requested() ? 10ms : 1h);
  return nullptr;
}

} // namespace

int main(int argc, char** argv) {
  return fabric::node_program(argc, argv, {{"words", words}, {"steps", steps}, {"deaf", deaf}});
}
