#include "fabric/handlers/job_context.hpp"

#include "fabric/exec/spool.hpp"
#include "fabric/exec/system.hpp"
#include "fabric/handlers/running.hpp"
#include "fabric/job/progress.hpp"
#include "fabric/job/strict_json.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace fabric {

namespace {

[[noreturn]] void fail_with_errno(const std::string& what) {
  throw std::runtime_error(what + ": " + exec::errno_text(errno));
}

void write_durably(const std::string& path, std::string_view bytes) {
  const exec::unique_fd file{open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file || !exec::write_all(file.get(), bytes) || fsync(file.get()) != 0) fail_with_errno("cannot write " + path);
}

void sync_directory(const std::string& path) {
  const exec::unique_fd directory{open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory || fsync(directory.get()) != 0) fail_with_errno("cannot sync " + path);
}

} // namespace

const nlohmann::json& job_context::input() {
  if (!run_.input) run_.input = nlohmann::json::parse(run_.what.input);
  return *run_.input;
}

job_id job_context::id() const { return run_.what.job; }
std::uint32_t job_context::attempt() const { return run_.what.attempt; }
fence_t job_context::fence() const { return run_.what.fence; }
const std::string& job_context::job_class() const { return run_.what.job_class; }
const std::string& job_context::lane() const { return run_.what.lane; }

std::optional<time_point> job_context::deadline() const {
  if (run_.what.wall <= duration{0}) return std::nullopt;
  return run_.started + run_.what.wall;
}

bool job_context::stop_requested() const noexcept { return run_.stop; }

bool job_context::wait_for_stop(duration limit) const {
  std::unique_lock lock{run_.mutex};
  return run_.stopping.wait_for(lock, limit, [this] { return run_.stop.load(); });
}

void job_context::progress(double percent, std::string_view message, const std::map<std::string, double>& counters) {
  job_progress said;
  said.set_percent(percent);
  said.set_message(message);
  for (const auto& [name, value] : counters) said.set_counter(name, value);
  run_.say(json_text(to_json(said)));
}

std::string job_context::checkpoint_directory() const {
  auto path = exec::checkpoint_directory(run_.out.spool, run_.what.job);
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) throw std::runtime_error("cannot make " + path + ": " + failed.message());
  return path;
}

std::optional<std::string> job_context::load_checkpoint() const {
  const auto path = exec::checkpoint_directory(run_.out.spool, run_.what.job) + "/checkpoint";
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  if (missing == std::errc::no_such_file_or_directory) return std::nullopt;
  if (missing) throw std::runtime_error("cannot read " + path + ": " + missing.message());
  auto read = exec::read_file(path, size);
  if (!read) throw std::runtime_error(render(read.error()));
  return std::move(*read);
}

void job_context::save_checkpoint(std::string_view bytes) {
  const auto directory = checkpoint_directory();
  write_durably(directory + "/checkpoint.new", bytes);
  if (std::rename((directory + "/checkpoint.new").c_str(), (directory + "/checkpoint").c_str()) != 0)
    fail_with_errno("cannot rename in " + directory);
  sync_directory(directory);
  run_.saved = true;
}

} // namespace fabric
