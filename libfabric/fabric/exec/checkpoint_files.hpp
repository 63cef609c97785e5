#pragma once

#include "fabric/error.hpp"
#include "fabric/exec/system.hpp"
#include "fabric/job/job.hpp"
#include "fabric/node/checkpoint_transfer.hpp"
#include "fabric/node/kept_file.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a job left in its checkpoint directory, for another node to read. Links are told, not followed: whoever reads
/// may be root, and the directory is the job's.
namespace fabric::exec {

inline constexpr std::size_t kept_files_max = 10'000;

/// Directories, regular files and links, a directory before what is in it; empty if there is nothing. Other things
/// (sockets, pipes) stay behind. errc::too_large: more than kept_files_max; errc::io_error.
expected<std::vector<node::kept_file>> list_checkpoint(const std::string& spool, job_id job);

/// A piece of one of these files, as read_file_range() has it. errc::not_found, errc::bad_input (a path that leads
/// out), errc::io_error.
expected<node::kept_piece> read_checkpoint(const std::string& spool, job_id job, const std::string& path,
                                           std::uint64_t offset, std::size_t max);

/// Opens what `path` names below the directory `at`, on the way through directories alone. Invalid, with errno, if one
/// of its parts is no plain name (EINVAL), or a link.
unique_fd open_below(int at, std::string_view path, int flags, unsigned mode = 0);

} // namespace fabric::exec
