#pragma once

#include "fabric/exec/classify.hpp"
#include "fabric/exec/limit_report.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The crash report of an attempt that did not succeed, written by its keeper: report.json in the spool, and
/// attempt_end::report. JSON:
///
///     {"cause": "crashed", "reason": "killed by SIGSEGV",
///      "exit_code": null, "signal": 11, "core": false,    what the main process ended with; all null if unknown
///      "stopped": "none",                                 the stop that had reached it (node/orders.hpp)
///      "usage": {"user_us": 0, "system_us": 0, "major_faults": 0,
///                "voluntary_switches": 0, "involuntary_switches": 0},       the whole tree, as far as it was reaped
///      "memory_peak": {"bytes": 0, "how": "rusage"},      "cgroup": the kernel's count of the whole tree; "sampled":
///                                                         the largest sum over the tree that was seen; "rusage":
///                                                         largest RSS of one process of the tree; the keeper's own
///                                                         few MiB are a floor, since the job starts as its fork
///      "limits": [{"name": "memory", "unit": "bytes", "limit": 67108864, "measured": 80000000, "how": "sampled",
///                  "exceeded": true}, …],                 those in force; measured: the most that was seen, null where
///                                                         nobody looks; how: limit_report.hpp
///      "stdout": {"bytes": 0, "cut": 0},                  written in all, and how much of that was cut out
///      "stderr": {"bytes": 0, "cut": 0, "tail": "…"},     tail: at most 20 lines and 4 KiB
///      "leftovers_killed": 0,                             processes the job had left behind
///      "progress": {"percent": 42.5, "message": "copying", "counters": {"rows": 1200}, "lines": 30, "kept": 20,
///                   "at_us": 1700000000000000},           what it said last and when, how many lines it wrote and how
///                                                         many were kept; missing if it said nothing
///      "checkpoint_saved": false,                         exit 85, or a file in the checkpoint directory that is not
///                                                         empty and was written by this attempt; only where the job
///                                                         goes on
///      "timeline": [{"at_us": 1700000000000000, "what": "started"}, …]}     UTC microseconds
///
/// The report of one that succeeded has "cause" and "progress" only, and is written only if it said something.
/// Reports of attempts whose keeper died have "cause", "reason", "stopped" and "timeline" only.
namespace fabric::exec {

struct usage_totals {
  std::int64_t user_us = 0;
  std::int64_t system_us = 0;
  std::int64_t major_faults = 0;
  std::int64_t voluntary_switches = 0;
  std::int64_t involuntary_switches = 0;
  std::int64_t peak_rss_bytes = 0;
};

struct output_totals {
  std::uint64_t bytes = 0;
  std::uint64_t cut = 0;
};

/// An instant of the attempt's life, UTC microseconds.
struct moment {
  std::int64_t at_us = 0;
  std::string what;
};

struct report_facts {
  verdict end;
  bool has_wait_status = false;
  int wait_status = 0;
  stop_reason stopped = stop_reason::none;
  usage_totals usage;
  output_totals out;
  output_totals err;
  std::string stderr_tail;
  std::uint64_t leftovers_killed = 0;
  std::vector<moment> timeline;
  std::vector<limit_row> limits;
  std::optional<limit_readings> tree; ///< If somebody looked at the memory of the whole tree.
  bool saved = false;
  std::string progress; ///< JSON; empty: none.
};

/// The report as compact JSON. Pure.
std::string render_report(const report_facts& facts);

/// The report of an attempt that succeeded. @param progress as in report_facts, not empty. Pure.
std::string render_good_report(const std::string& progress);

/// The short report of an attempt whose keeper cannot say more. Pure.
std::string render_lost_report(const verdict& end, stop_reason stopped, const std::vector<moment>& timeline);

} // namespace fabric::exec
