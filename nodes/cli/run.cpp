#include "fabric/config/classes.hpp"
#include "fabric/job/json.hpp"
#include "fabric/job/strict_json.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/log_follower.hpp"
#include "nodes/cli/receipt.hpp"
#include "nodes/cli/submitting.hpp"
#include "nodes/cli/waiting.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

namespace fabric::cli {

namespace {

constexpr auto pause_min = std::chrono::milliseconds{20};
constexpr auto pause_max = std::chrono::milliseconds{400};

/// The command as an absolute path, as a shell here would find it: jobs have no PATH of ours. What is not found is left
/// as it is, for the node to refuse.
std::string found_program(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (name.empty() || name.front() == '/') return name;
  if (name.find('/') != std::string::npos) return fs::absolute(name, ignored).lexically_normal().string();
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto candidate = fs::absolute(folder, ignored) / name;
    if (!ignored && !fs::is_directory(candidate, ignored) && ::access(candidate.c_str(), X_OK) == 0)
      return candidate.string();
  }
  return name;
}

/// Copies both streams of a job until it has ended.
exit_code copy_output(session& s, job_id id) {
  log_follower out(s, id, 0, false, false);
  log_follower err(s, id, 0, true, true);
  auto pause = pause_min;
  while (!out.finished() || !err.finished()) {
    if (s.time_left() == duration{0}) return done; // The wait that follows says so.
    bool any = false;
    for (auto* log : {&out, &err}) {
      if (log->finished()) continue;
      const auto moved = log->step();
      if (!moved) return s.failed(moved.error());
      any = any || *moved;
    }
    pause = any ? pause_min : std::min(pause * 2, pause_max);
    if (!any) std::this_thread::sleep_for(pause);
  }
  return done;
}

/// With --wait, a command behaves as if it ran here: its output is ours, and only a failure is worth a word.
exit_code await(session& s, job_id id) {
  const auto copied = copy_output(s, id);
  if (copied != done && copied != no_such_thing) return copied; // Output that is not kept does not end the wait.
  return waiting(s, {id}, telling::failures_only).run();
}

} // namespace

exit_code run(session& s) {
  job_spec spec = s.call.job.spec;
  spec.job_class = config::ad_hoc_class;
  auto argv = s.call.job.argv;
  argv.front() = found_program(argv.front());
  spec.input = json_text({{"argv", std::move(argv)}});
  auto good = checked(std::move(spec));
  if (!good) {
    s.failed(good.error());
    return usage;
  }
  auto reply = submit_patiently(s, {std::move(*good)});
  if (!reply) return s.failed(reply.error());
  const auto& receipt = reply->items.front();
  const bool copies = s.call.job.wait && !s.call.json;
  if (copies && !receipt.failure) {
    s.screen.notice("job " + std::to_string(receipt.id));
    return await(s, receipt.id);
  }
  const auto code = print_receipt(s, 0, receipt);
  s.screen.flush();
  if (code != done || !s.call.job.wait) return code;
  return waiting(s, {receipt.id}).run();
}

} // namespace fabric::cli
