#pragma once

#include <string>

/// A job's result: what it wrote to FABRIC_RESULT.
namespace fabric::exec {

struct job_result {
  std::string json; ///< Compact; "null" if there was no file. Meaningless if `bad` is set.
  std::string bad;  ///< Why the file is not a result: one clause; empty if it is fine.
};

/// Reads `result.json` of an attempt's directory: a regular file with one strict JSON value (job/strict_json.hpp), at
/// most 1 MiB. Follows no symbolic link.
job_result read_result(int directory);

/// The last lines of a file in an attempt's directory: at most bounds::stderr_lines and bounds::stderr_tail bytes,
/// made valid UTF-8. Empty if there is no such regular file.
std::string tail_of(int directory, const char* name);

} // namespace fabric::exec
