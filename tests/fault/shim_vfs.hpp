#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// A SQLite VFS between SQLite and the real one: a tap sees every call, and may make it fail.
namespace fabric::fault {

enum class call_kind { open, remove, access, read, write, truncate, sync, size, lock, shm_map, shm_lock };

/// What SQLite asks of its VFS. Paths are absolute.
struct call {
  call_kind kind = call_kind::open;
  std::string_view path;
  std::int64_t offset = 0;       ///< read, write; the new size of truncate.
  std::span<const char> bytes{}; ///< write.
  bool may_create = false;       ///< open.
  bool syncs_directory = false;  ///< sync, remove: on success the directory is on disk too.
};

/// How a call fails.
struct verdict {
  int code = 0;      ///< SQLite's.
  int os_error = 0;  ///< errno, as sqlite3_system_errno tells it.
  bool half = false; ///< The first half of a write is done nonetheless; of a read, the rest is zeros.
};

class tap {
public:
  virtual ~tap() = default;
  virtual std::optional<verdict> before(const call&) { return std::nullopt; } ///< nullopt: let it through.
  virtual void succeeded(const call&) {}
  /// A pragma with its argument, which may be overwritten by one that is no longer, or null. @returns SQLite's answer
  /// in place of its own; nullopt: as usual.
  virtual std::optional<std::string> on_pragma(std::string_view /*name*/, char* /*argument*/) { return std::nullopt; }
};

/// Makes the shim the VFS of all connections opened while this lives; one at a time. Syncs are not passed on: what they
/// would do to the disk is for the tap to say, and tests are fast.
class shim_vfs {
public:
  explicit shim_vfs(tap& listener);
  ~shim_vfs();
  shim_vfs(const shim_vfs&) = delete;
  shim_vfs& operator=(const shim_vfs&) = delete;
};

} // namespace fabric::fault
