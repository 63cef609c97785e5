#pragma once

#include "fabric/error.hpp"
#include "fabric/job/job.hpp"
#include "fabric/job/spec.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The JSON forms of jobs: strict about what comes in, stable in what goes out. Pure.
namespace fabric {

// -- in ---------------------------------------------------------------------------------------------------------------

/// Reads a submission:
///
///     {"class": "checksum", "input": {"path": "/etc/hosts"}, "priority": 10, "delay": "5m", "lane": "fast",
///      "idempotency_key": "k-1", "max_attempts": 5, "owner": "me", "labels": {"team": "a"}, "key": "build-42"}
///
/// Only "class" is required; null stands for nothing but the input null. The input may itself be nested 32 deep.
/// @returns errc::bad_input (unknown, missing or ill-typed fields, ranges of fabric/job/spec.hpp) or errc::too_large
///          (the text, the input); `where` is the JSON pointer of the offence.
expected<job_spec> parse_job_spec(std::string_view text);

/// The same for one value already read by parse_strict, for example one of many in an array; `where` is relative to it.
expected<job_spec> job_spec_from(const nlohmann::json& value);

/// Checks a spec that did not come as JSON (C++ clients, the wire) by the same rules, errors and pointers, and makes
/// its input compact. What parse_job_spec returns passes unchanged.
expected<job_spec> checked(job_spec spec);

// -- out --------------------------------------------------------------------------------------------------------------
// Instants are RFC 3339 in UTC, durations are seconds as a number (keys end in _s), what is not there is null.

/// The form that parse_job_spec reads; fields that were not given are left out. A delay is cut to milliseconds.
nlohmann::json to_json(const job_spec& spec);

/// All columns of a job.
nlohmann::json to_json(const job& j);

nlohmann::json to_json(const key_line& line);

/// All columns of an attempt, its report as a value.
nlohmann::json to_json(const attempt& a);

/// A job with "input", "result" and "attempts" added, as `fabric show --json` prints it.
nlohmann::json to_json(const job& j, const std::optional<std::string>& input, const std::optional<std::string>& result,
                       std::span<const attempt> attempts);

/// Stored JSON text as a value; text that is not JSON (it was written by us, so a defect or a damaged file) becomes a
/// string, so that an operator still sees it. Empty text becomes null.
nlohmann::json embedded(std::string_view text);

} // namespace fabric
