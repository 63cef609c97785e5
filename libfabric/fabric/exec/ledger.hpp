#pragma once

#include "fabric/exec/bounds.hpp"
#include "fabric/exec/system.hpp"
#include "fabric/node/orders.hpp"

#include <string.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The runner's memory: a file of fixed records, mapped and shared by the runner and its keepers, so that no kill -9
/// loses what happened to an attempt. It does not outlive the machine: records of another boot mean `lost`.
///
/// Order of writes (each state is stored with release order, after everything it stands for):
///   runner  fills the identity, then state = accepted, then sends the order to the keeper
///   keeper  forks; writes pids, start times and instants; then state = running; then says `started`
///   keeper  writes stop reason and wait status when they happen
///   keeper  stores the end (inline or in the attempt's directory), then state = ended, then says `ended`
///   runner  does the keeper's last step for a keeper that died, once its tree is proved gone
///   runner  state = free when fabricd forgets the attempt or it was refused
namespace fabric::exec {

enum class hold : std::uint32_t { free = 0, accepted = 1, running = 2, ended = 3 };

/// Fixed text of at most N-1 bytes.
template <std::size_t N> struct short_text {
  std::array<char, N> bytes{};

  void set(std::string_view text) noexcept {
    bytes.fill('\0');
    text.copy(bytes.data(), N - 1);
  }
  std::string str() const { return {bytes.data(), ::strnlen(bytes.data(), N)}; }
};

/// One attempt. On disk: change `ledger::version` with it.
struct ledger_record {
  std::atomic<std::uint32_t> state;
  std::uint32_t attempt;
  std::uint64_t fence;
  std::uint64_t job;
  std::atomic<std::uint32_t> stopped; ///< A stop_reason.
  std::int32_t wait_status;           ///< Of the job's main process.
  std::uint32_t has_wait_status;
  std::int32_t keeper_pid;
  std::uint64_t keeper_start; ///< Clock ticks, from /proc.
  std::int32_t job_pid;       ///< 0 until it was started.
  std::uint32_t slot;
  std::uint64_t job_start;
  std::int64_t started_us;      ///< CLOCK_BOOTTIME.
  std::int64_t started_wall_us; ///< CLOCK_REALTIME.
  std::atomic<std::int64_t> deadline_us;
  std::atomic<std::int64_t> killing_us; ///< Since when the keeper kills the tree; 0: not yet.
  std::uint32_t end_in_file;            ///< The end is in the attempt's directory instead of `end`.
  std::uint32_t end_bytes;
  short_text<40> boot;
  short_text<72> job_class;
  short_text<72> lane;
  short_text<56> recycled; ///< Name in `<spool>/free` of the directory to use, or empty.
  short_text<256> cgroup;
  std::array<char, 4096 - 600> end; ///< The frame of `ended`, if it fits.
};
static_assert(sizeof(ledger_record) == 4096);

class ledger {
public:
  static constexpr std::uint32_t version = 2;

  /// Opens or makes the file, locks it for this process (a lock that forks do not inherit) and maps it. Disk space is
  /// taken in full. errc::wrong_state if another runner holds it, errc::incompatible for another version,
  /// errc::disk_full, errc::io_error.
  static expected<ledger> open(const std::string& path);

  ledger(ledger&& other) noexcept;
  ledger& operator=(ledger&&) = delete;
  ~ledger();

  std::uint32_t size() const noexcept { return bounds::records; }
  ledger_record& at(std::uint32_t index) noexcept;

  /// The index of a free record, all of it zero, or nullopt if there is none.
  std::optional<std::uint32_t> take() noexcept;

  /// Makes the record free.
  void release(std::uint32_t index) noexcept;

private:
  ledger(unique_fd file, void* memory) noexcept : file_(std::move(file)), memory_(memory) {}

  unique_fd file_;
  void* memory_ = nullptr;
  std::uint32_t next_ = 0;
};

inline hold state_of(const ledger_record& r) noexcept {
  return static_cast<hold>(r.state.load(std::memory_order_acquire));
}
inline void set_state(ledger_record& r, hold s) noexcept {
  r.state.store(static_cast<std::uint32_t>(s), std::memory_order_release);
}
inline stop_reason stop_of(const ledger_record& r) noexcept {
  const auto n = r.stopped.load(std::memory_order_relaxed);
  return n <= static_cast<std::uint32_t>(last_stop_reason) ? static_cast<stop_reason>(n) : stop_reason::unknown;
}
inline void set_stop(ledger_record& r, stop_reason why) noexcept {
  r.stopped.store(static_cast<std::uint32_t>(why), std::memory_order_relaxed);
}

/// Keeps the frame of an attempt's end in the record, or in `directory`/end.mp if it is large, and sets the state to
/// ended. If that file cannot be written, `fallback` (a frame that fits) is kept instead.
/// @returns false if the fallback was taken.
bool store_end(ledger_record& r, std::string_view frame, const std::string& directory, std::string_view fallback);

/// The frame that store_end() kept. errc::not_found, errc::io_error if its file is gone or not whole.
expected<std::string> load_end(const ledger_record& r, const std::string& directory);

} // namespace fabric::exec
