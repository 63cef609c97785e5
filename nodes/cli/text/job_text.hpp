#pragma once

#include "actors/wire.hpp"
#include "nodes/cli/text/table.hpp"

#include <span>
#include <string>

/// Jobs for people. Pure: the instant they are looked at comes in.
namespace fabric::cli {

/// What `list` prints.
table job_table(std::span<const job> jobs, time_point now);

/// One line for a job that ended, without a newline: "42  succeeded  checksum  fast  ran 1 time, 3.2 s".
std::string ended_line(const job& j, const style& how);

/// What `show` prints. @param lanes for the reason why it does not run; null if not known. @param progress of the
/// attempt that runs, in words; empty: none.
std::string job_page_text(const actors::job_details& all, const actors::lane_reports* lanes, const style& how,
                          time_point now, const std::string& progress = {});

/// Why a job that is not final is where it is, in a sentence; empty if it is final.
std::string why(const job& j, const actors::lane_reports* lanes, time_point now);

} // namespace fabric::cli
