#include "tests/fault/failing_tap.hpp"

#include <sqlite3.h>

#include <cerrno>

namespace fabric::fault {

namespace {

int io_code(call_kind kind) {
  switch (kind) {
  case call_kind::open: return SQLITE_CANTOPEN;
  case call_kind::remove: return SQLITE_IOERR_DELETE;
  case call_kind::access: return SQLITE_IOERR_ACCESS;
  case call_kind::read: return SQLITE_IOERR_READ;
  case call_kind::write: return SQLITE_IOERR_WRITE;
  case call_kind::truncate: return SQLITE_IOERR_TRUNCATE;
  case call_kind::sync: return SQLITE_IOERR_FSYNC;
  case call_kind::size: return SQLITE_IOERR_FSTAT;
  case call_kind::lock: return SQLITE_IOERR_LOCK;
  case call_kind::shm_map: return SQLITE_IOERR_SHMMAP;
  case call_kind::shm_lock: return SQLITE_IOERR_SHMLOCK;
  }
  return SQLITE_IOERR;
}

/// As the real VFS says it.
std::optional<verdict> full(const call& what) {
  switch (what.kind) {
  case call_kind::write: return verdict{SQLITE_FULL, 0, true};
  case call_kind::truncate: return verdict{SQLITE_IOERR_TRUNCATE, ENOSPC, false};
  case call_kind::sync: return verdict{SQLITE_IOERR_FSYNC, ENOSPC, false};
  case call_kind::shm_map: return verdict{SQLITE_IOERR_SHMSIZE, ENOSPC, false};
  default: return std::nullopt;
  }
}

/// How this kind of call fails; nullopt if it cannot.
std::optional<verdict> failure(fault_kind kind, const call& what) {
  switch (kind) {
  case fault_kind::io: return verdict{io_code(what.kind), what.kind == call_kind::open ? EMFILE : EIO, false};
  case fault_kind::full: return full(what);
  case fault_kind::torn_write:
    if (what.kind == call_kind::write) return verdict{SQLITE_IOERR_WRITE, EIO, true};
    return std::nullopt;
  case fault_kind::torn_read:
    if (what.kind == call_kind::read) return verdict{SQLITE_IOERR_READ, EIO, true};
    return std::nullopt;
  case fault_kind::busy:
    if (what.kind == call_kind::lock || what.kind == call_kind::shm_lock) return verdict{SQLITE_BUSY, 0, false};
    return std::nullopt;
  }
  return std::nullopt;
}

} // namespace

std::optional<verdict> failing_tap::before(const call& what) {
  if (stopped_) return std::nullopt;
  const auto fails = failure(kind_, what);
  if (!fails) return std::nullopt;
  ++seen_;
  if (seen_ != nth_ && !(onwards_ && seen_ > nth_)) return std::nullopt;
  failed_ = true;
  return fails;
}

} // namespace fabric::fault
