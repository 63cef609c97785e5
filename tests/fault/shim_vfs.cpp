#include "tests/fault/shim_vfs.hpp"

#include <sqlite3.h>

#include <cstring>
#include <new>

namespace fabric::fault {

namespace {

tap* listener = nullptr;
sqlite3_vfs* real = nullptr;
int last_os_error = 0; ///< Of a call that was made to fail; 0: ask the real VFS.

/// What SQLite allocates for an open file: ours, with the real one's behind it.
struct shim_file {
  sqlite3_file base; ///< First: SQLite sees this.
  std::string path;
  bool made_a_log; ///< The real VFS syncs the directory with its first sync.
  sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

shim_file& shim(sqlite3_file* file) { return *reinterpret_cast<shim_file*>(file); }
sqlite3_file* inner(sqlite3_file* file) { return shim(file).inner(); }
const sqlite3_io_methods* methods(sqlite3_file* file) { return inner(file)->pMethods; }

/// Asks the tap, then `does` it, then tells the tap. `half` is done instead when a call is to half succeed.
template <class Does, class Half> int pass(const call& what, Does does, Half half) {
  if (const auto fails = listener->before(what)) {
    last_os_error = fails->os_error;
    if (fails->half) half();
    return fails->code;
  }
  last_os_error = 0;
  const int code = does();
  if (code == SQLITE_OK) listener->succeeded(what);
  return code;
}
template <class Does> int pass(const call& what, Does does) {
  return pass(what, does, [] {});
}

int on_close(sqlite3_file* file) {
  const int code = methods(file)->xClose(inner(file));
  shim(file).path.~basic_string();
  return code;
}

int on_read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  const auto read = [&] { return methods(file)->xRead(inner(file), into, size, offset); };
  const auto half = [&] {
    read();
    std::memset(static_cast<char*>(into) + size / 2, 0, static_cast<std::size_t>(size - size / 2));
  };
  return pass({.kind = call_kind::read, .path = shim(file).path, .offset = offset}, read, half);
}

int on_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const auto write = [&](int bytes) { return methods(file)->xWrite(inner(file), from, bytes, offset); };
  const std::span<const char> bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
  return pass(
      {.kind = call_kind::write, .path = shim(file).path, .offset = offset, .bytes = bytes},
      [&] { return write(size); }, [&] { write(size / 2); });
}

int on_truncate(sqlite3_file* file, sqlite3_int64 size) {
  return pass({.kind = call_kind::truncate, .path = shim(file).path, .offset = size},
              [&] { return methods(file)->xTruncate(inner(file), size); });
}

int on_sync(sqlite3_file* file, int) {
  const call what{.kind = call_kind::sync, .path = shim(file).path, .syncs_directory = shim(file).made_a_log};
  return pass(what, [&] {
    shim(file).made_a_log = false;
    return SQLITE_OK;
  });
}

int on_size(sqlite3_file* file, sqlite3_int64* size) {
  return pass({.kind = call_kind::size, .path = shim(file).path},
              [&] { return methods(file)->xFileSize(inner(file), size); });
}

int on_lock(sqlite3_file* file, int level) {
  return pass({.kind = call_kind::lock, .path = shim(file).path},
              [&] { return methods(file)->xLock(inner(file), level); });
}

int on_unlock(sqlite3_file* file, int level) { return methods(file)->xUnlock(inner(file), level); }

int on_check_lock(sqlite3_file* file, int* held) { return methods(file)->xCheckReservedLock(inner(file), held); }

int on_control(sqlite3_file* file, int what, void* argument) {
  if (what == SQLITE_FCNTL_PRAGMA) {
    auto** words = static_cast<char**>(argument);
    if (const auto answer = listener->on_pragma(words[1], words[2])) {
      words[0] = sqlite3_mprintf("%s", answer->c_str());
      return SQLITE_OK;
    }
  }
  return methods(file)->xFileControl(inner(file), what, argument);
}

int on_sector_size(sqlite3_file* file) { return methods(file)->xSectorSize(inner(file)); }

int on_traits(sqlite3_file* file) { return methods(file)->xDeviceCharacteristics(inner(file)); }

int on_shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** into) {
  return pass({.kind = call_kind::shm_map, .path = shim(file).path},
              [&] { return methods(file)->xShmMap(inner(file), page, size, extend, into); });
}

int on_shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  const auto lock = [&] { return methods(file)->xShmLock(inner(file), offset, n, flags); };
  if ((flags & SQLITE_SHM_UNLOCK) != 0) return lock(); // Cannot fail.
  return pass({.kind = call_kind::shm_lock, .path = shim(file).path}, lock);
}

void on_shm_barrier(sqlite3_file* file) { methods(file)->xShmBarrier(inner(file)); }

int on_shm_unmap(sqlite3_file* file, int remove) { return methods(file)->xShmUnmap(inner(file), remove); }

/// Version 2: without memory maps, which the store does not use.
constexpr sqlite3_io_methods shim_methods{
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_traits,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int on_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr; // Nothing to close until it is open.
  const bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
  const call what{.kind = call_kind::open, .path = name == nullptr ? "" : name, .may_create = creates};
  return pass(what, [&] {
    auto* made = new (file) shim_file{};
    made->path = what.path;
    made->made_a_log = creates && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    const int code = real->xOpen(real, name, made->inner(), flags, out_flags);
    if (code == SQLITE_OK)
      made->base.pMethods = &shim_methods;
    else
      made->path.~basic_string();
    return code;
  });
}

int on_delete(sqlite3_vfs*, const char* name, int sync_directory) {
  return pass({.kind = call_kind::remove, .path = name, .syncs_directory = sync_directory != 0},
              [&] { return real->xDelete(real, name, 0); });
}

int on_access(sqlite3_vfs*, const char* name, int flags, int* answer) {
  return pass({.kind = call_kind::access, .path = name}, [&] { return real->xAccess(real, name, flags, answer); });
}

int on_last_error(sqlite3_vfs*, int size, char* text) {
  return last_os_error != 0 ? last_os_error : real->xGetLastError(real, size, text);
}

/// All that is not overridden is the real one's, which knows itself by its own functions only.
sqlite3_vfs made_from(const sqlite3_vfs& original) {
  sqlite3_vfs shimmed = original;
  shimmed.zName = "fabric-shim";
  shimmed.pNext = nullptr;
  shimmed.szOsFile = static_cast<int>(sizeof(shim_file)) + original.szOsFile;
  shimmed.xOpen = on_open;
  shimmed.xDelete = on_delete;
  shimmed.xAccess = on_access;
  shimmed.xGetLastError = on_last_error;
  return shimmed;
}

sqlite3_vfs shim_itself;

} // namespace

shim_vfs::shim_vfs(tap& to) {
  sqlite3_initialize();
  listener = &to;
  last_os_error = 0;
  real = sqlite3_vfs_find("unix");
  shim_itself = made_from(*real);
  sqlite3_vfs_register(&shim_itself, 1);
}

shim_vfs::~shim_vfs() {
  sqlite3_vfs_unregister(&shim_itself);
  sqlite3_vfs_register(real, 1);
  listener = nullptr;
}

} // namespace fabric::fault
