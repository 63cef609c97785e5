#pragma once

#include "actors/wire.hpp"

#include <nlohmann/json_fwd.hpp>

/// The JSON forms of what only the command line prints; jobs and attempts have theirs in fabric/job/json.hpp, whose
/// conventions hold here too. Pure.
namespace fabric::cli {

/// {"id", "at", "kind", "job", "class", "lane", "node", "attempt", "text"}; what does not apply is null.
nlohmann::json to_json(const store::event& e);

/// {"policy", "lanes": [{"lane", "serving", "slots", "busy", …, "counts": {…}}], "wasted_s": {"classes": {NAME: 1.5,
/// …}, "nodes": {…}}}
nlohmann::json to_json(const actors::lane_reports& all);

/// {"nodes": [{"node", "boot", "silent_s", "held", "workers": [{"worker", "lane", …, "held": [{"job", …}]}]}]}
nlohmann::json to_json(const actors::node_reports& all);

/// {"code", "message", "where"}
nlohmann::json to_json(const error& e);

} // namespace fabric::cli
