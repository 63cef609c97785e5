#include "fabric/exec/ledger.hpp"

#include "fabric/exec/protocol.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cstring>
#include <type_traits>

namespace fabric::exec {

namespace {

struct ledger_header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t record_bytes;
  std::uint32_t records;
};
constexpr std::array<char, 8> magic{'f', 'a', 'b', 'l', 'e', 'd', 'g', '\n'};
constexpr std::size_t header_bytes = 4096;
constexpr std::size_t file_bytes = header_bytes + sizeof(ledger_record) * bounds::records;
static_assert(sizeof(ledger_header) <= header_bytes);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free);

expected<void> lock(int fd, const std::string& path) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(fd, F_SETLK, &whole) == 0) return {};
  if (errno != EACCES && errno != EAGAIN) return tl::unexpected(system_error("cannot lock " + path, errno));
  ::fcntl(fd, F_GETLK, &whole);
  return fail(errc::wrong_state, "another runner (pid " + std::to_string(whole.l_pid) + ") holds it", path);
}

// A file that a crash left before its header was written counts as new.
expected<void> check_header(void* memory, const std::string& path) {
  ledger_header header{};
  std::memcpy(&header, memory, sizeof header);
  const ledger_header ours{magic, ledger::version, sizeof(ledger_record), bounds::records};
  const ledger_header none{};
  if (std::memcmp(&header, &none, sizeof header) == 0) {
    std::memcpy(memory, &ours, sizeof ours);
    return {};
  }
  if (header.magic != magic) return fail(errc::incompatible, "not a runner's ledger", path);
  if (std::memcmp(&header, &ours, sizeof header) != 0)
    return fail(errc::incompatible, "written by another version of the runner; drain that one first", path);
  return {};
}

} // namespace

expected<ledger> ledger::open(const std::string& path) {
  unique_fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return tl::unexpected(system_error("cannot open " + path, errno));
  if (auto locked = lock(fd.get(), path); !locked) return tl::unexpected(locked.error());
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return tl::unexpected(system_error("cannot read " + path, errno));
  if (static_cast<std::size_t>(info.st_size) > file_bytes)
    return fail(errc::incompatible, "too large for a runner's ledger", path);
  // All blocks now: a full disk must show here and not as SIGBUS in the middle of a job's end.
  if (const int code = ::posix_fallocate(fd.get(), 0, file_bytes); code != 0)
    return tl::unexpected(system_error("cannot make " + path, code));
  void* memory = ::mmap(nullptr, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return tl::unexpected(system_error("cannot map " + path, errno));
  ledger opened(std::move(fd), memory);
  if (auto fine = check_header(memory, path); !fine) return tl::unexpected(fine.error());
  return opened;
}

ledger::ledger(ledger&& other) noexcept
    : file_(std::move(other.file_)), memory_(std::exchange(other.memory_, nullptr)), next_(other.next_) {}

ledger::~ledger() {
  if (memory_) ::munmap(memory_, file_bytes);
}

ledger_record& ledger::at(std::uint32_t index) noexcept {
  assert(index < bounds::records);
  auto* first = static_cast<char*>(memory_) + header_bytes;
  return *reinterpret_cast<ledger_record*>(first + sizeof(ledger_record) * index);
}

std::optional<std::uint32_t> ledger::take() noexcept {
  // From the last one given back or taken: the record just used is still in the cache.
  for (std::uint32_t i = 0; i < bounds::records; ++i) {
    const auto index = (next_ + i) % bounds::records;
    auto& r = at(index);
    if (state_of(r) != hold::free) continue;
    next_ = index + 1;
    std::memset(static_cast<void*>(&r), 0, offsetof(ledger_record, end));
    return index;
  }
  return std::nullopt;
}

void ledger::release(std::uint32_t index) noexcept {
  set_state(at(index), hold::free);
  next_ = index;
}

bool store_end(ledger_record& r, std::string_view frame, const std::string& directory, std::string_view fallback) {
  assert(fallback.size() <= r.end.size());
  bool whole = true;
  r.end_in_file = frame.size() > r.end.size() ? 1 : 0;
  if (r.end_in_file) {
    const unique_fd fd(
        ::open((directory + "/end.mp").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    whole = fd && write_all(fd.get(), frame);
  }
  if (!whole) {
    r.end_in_file = 0;
    frame = fallback;
  }
  if (!r.end_in_file) frame.copy(r.end.data(), r.end.size());
  r.end_bytes = static_cast<std::uint32_t>(frame.size());
  set_state(r, hold::ended);
  return whole;
}

expected<std::string> load_end(const ledger_record& r, const std::string& directory) {
  if (state_of(r) != hold::ended) return fail(errc::wrong_state, "the attempt has not ended");
  if (!r.end_in_file) {
    if (r.end_bytes > r.end.size()) return fail(errc::io_error, "the ledger is damaged");
    return std::string(r.end.data(), r.end_bytes);
  }
  auto frame = read_file(directory + "/end.mp", frame_max + 5);
  if (frame && frame->size() != r.end_bytes) return fail(errc::io_error, "not whole", directory + "/end.mp");
  return frame;
}

} // namespace fabric::exec
