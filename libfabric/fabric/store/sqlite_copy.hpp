#pragma once

#include "fabric/error.hpp"

#include <string>

/// A compact copy of a store's file, on disk when it is done.
namespace fabric::store {

class sqlite_connection;

/// Copies what `db` sees at one instant into `to`, which does not exist or is empty (VACUUM INTO), with mode 0600, and
/// syncs file and directory. What a failed copy leaves is for the caller to remove.
/// @returns errc::disk_full, errc::io_error.
expected<void> copy_store(sqlite_connection& db, const std::string& to);

/// Makes the names of the files beside `path` durable. @returns whether it worked.
bool sync_directory_of(const std::string& path);

} // namespace fabric::store
