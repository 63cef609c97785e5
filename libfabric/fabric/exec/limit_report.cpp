#include "fabric/exec/limit_report.hpp"

#include "fabric/bytes_text.hpp"
#include "fabric/duration_text.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>

namespace fabric::exec {

namespace {

/// Whether the main process died of this signal, or says as a shell does that its last command did.
bool died_of(int signal, int wait_status) {
  if (WIFSIGNALED(wait_status)) return WTERMSIG(wait_status) == signal;
  return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 128 + signal;
}

std::string words(const std::string& unit, std::uint64_t n) {
  if (unit == "us") return format_duration(duration{static_cast<std::int64_t>(n)});
  if (unit != "bytes") return std::to_string(n);
  return n < (1u << 20) || n % (1u << 20) == 0 ? format_bytes(n) : std::to_string(n >> 20) + "MiB";
}

std::string sentence(const limit_row& row) {
  auto text = ": limits." + row.name + " is " + words(row.unit, row.limit);
  if (row.measured && *row.measured > row.limit) text += ", " + words(row.unit, *row.measured) + " were measured";
  return text + " (" + std::string(to_string(row.how)) + ")";
}

} // namespace

std::string_view to_string(enforced_by how) noexcept {
  static constexpr std::array<std::string_view, 5> names{"cgroup", "sampled", "rlimit", "timer", "cut"};
  return names[static_cast<std::size_t>(how)];
}

std::vector<limit_row> limit_rows(const limit_case& c) {
  std::vector<limit_row> rows;
  const auto add = [&](const char* name, const char* unit, std::uint64_t limit, enforced_by how, bool exceeded,
                       std::optional<std::uint64_t> measured = {}) {
    if (limit != 0) rows.push_back({name, unit, limit, measured, how, exceeded});
  };
  const auto by = [&](stop_reason why) { return c.stopped == why; };
  const auto& l = c.limits;
  const auto cpu = static_cast<std::uint64_t>(c.seen.cpu_us);
  add("wall", "us", static_cast<std::uint64_t>(std::max<std::int64_t>(c.wall_us, 0)), enforced_by::timer,
      by(stop_reason::wall), static_cast<std::uint64_t>(c.ran_us));
  add("stall_timeout", "us", static_cast<std::uint64_t>(std::max<std::int64_t>(c.stall_us, 0)), enforced_by::timer,
      by(stop_reason::stall), static_cast<std::uint64_t>(c.silence_us));
  add("output", "bytes", c.output_max, enforced_by::cutting, false, c.output);
  add("memory", "bytes", l.memory, c.seen.memory_by, by(stop_reason::memory), c.seen.memory);
  add("cpu", "us", static_cast<std::uint64_t>(l.cpu_us), c.seen.cpu_by,
      by(stop_reason::cpu) || (by(stop_reason::none) && died_of(SIGXCPU, c.wait_status)), cpu);
  add("processes", "count", l.processes, c.seen.processes_by, by(stop_reason::processes), c.seen.processes);
  add("files", "count", l.files, enforced_by::rlimit, false);
  add("file_size", "bytes", l.file_size, enforced_by::rlimit, by(stop_reason::none) && died_of(SIGXFSZ, c.wait_status));
  add("address_space", "bytes", l.address_space, enforced_by::rlimit, false);
  return rows;
}

verdict explain_limits(verdict v, const limit_case& c) {
  if (v.how == outcome::succeeded || v.how == outcome::checkpointed) return v;
  for (const auto& row : limit_rows(c)) {
    if (!row.exceeded || row.name == "wall") continue; // That one's reason is whole, and says when.
    v.reason += row.name == "stall_timeout" ? stall_words(duration{c.stall_us}, duration{c.silence_us}, c.was_alive)
                                            : sentence(row);
    if (row.name == "cpu") v.how = outcome::timed_out;
  }
  return v;
}

std::string stall_words(duration limit, duration silence, bool was_alive) {
  return ": limits.stall_timeout is " + format_duration(limit) +
         (was_alive ? ", the last was " : ", none since the start ") + format_duration(silence) + " ago";
}

} // namespace fabric::exec
