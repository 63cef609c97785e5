#pragma once

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <string>

/// The handlers of a program, by the name that classes give them. See job_context.hpp for what a handler is.
namespace fabric {

class job_context;

using handler = std::function<nlohmann::json(job_context&)>;
using handler_registry = std::map<std::string, handler>;

/// Those that every node has:
///
///   noop   does nothing, returns null
///   sleep  waits for its input's "for", such as {"for": "1500ms"}, and returns null; heeds a stop
handler_registry built_in_handlers();

} // namespace fabric
