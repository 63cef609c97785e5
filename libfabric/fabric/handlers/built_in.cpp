#include "fabric/duration_text.hpp"
#include "fabric/handlers/job_context.hpp"

#include <stdexcept>

namespace fabric {

namespace {

nlohmann::json noop(job_context&) { return nullptr; }

nlohmann::json sleep(job_context& job) {
  const auto& input = job.input();
  if (!input.is_object() || !input.contains("for") || !input["for"].is_string())
    throw std::runtime_error(R"(/input: must be {"for": DURATION}, such as {"for": "1500ms"})");
  const auto time = parse_duration(input["for"].get_ref<const std::string&>());
  if (!time) throw std::runtime_error("/input/for: " + time.error().message);
  if (job.wait_for_stop(*time)) throw stopped{};
  return nullptr;
}

} // namespace

handler_registry built_in_handlers() { return {{"noop", noop}, {"sleep", sleep}}; }

} // namespace fabric
