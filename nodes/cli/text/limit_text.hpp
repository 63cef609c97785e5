#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

/// The limits of an attempt, from its report. Pure.
namespace fabric::cli {

/// A line per limit: what it is, the most that was measured, who keeps it, and whether it ended the attempt. Empty if
/// `limits` is not what a keeper writes (see fabric/exec/report.hpp).
std::string limits_text(const nlohmann::json& limits);

} // namespace fabric::cli
