#pragma once

#include "actors/wire.hpp"
#include "nodes/cli/text/style.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

/// What `explain` prints. Pure.
namespace fabric::cli {

/// A heading, a line per reason, a line per part of its time, and their sum.
std::string explain_text(const actors::job_explanation& all, const style& how);

nlohmann::json to_json(const actors::job_explanation& all);

} // namespace fabric::cli
