#pragma once

#include "fabric/node/orders.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

/// What a job says of its progress, for people and as JSON. Pure.
namespace fabric::cli {

/// "42.5 %, copying, rows 1,200" of the JSON in fabric/job/progress.hpp; what is not of that form is left out.
std::string progress_words(const nlohmann::json& state);

/// The same and how long ago it was said.
std::string progress_text(const seen_progress& seen);

/// The state with "age_s" added.
nlohmann::json to_json(const seen_progress& seen);

} // namespace fabric::cli
