#pragma once

#include "fabric/error.hpp"

#include <cstdint>
#include <string>

/// A copy of a store, taken while its owner goes on writing.
namespace fabric::store {

/// Copies the store of `path`, as it is at one instant, into a new file of mode 0600 without free pages. The copy is on
/// disk, with its name, when this returns; until then it stands at <to>.part. Writers are never kept waiting, but their
/// log cannot begin anew meanwhile. The copy is a store: put it where store.db was, and start fabricd.
/// @returns its size in bytes; errc::wrong_state if `to` exists; errc::disk_full; errc::incompatible for another schema
///          version; errc::io_error.
expected<std::uint64_t> back_up(const std::string& path, const std::string& to);

} // namespace fabric::store
