#include "fabric/duration_text.hpp"
#include "fabric/handlers/job_context.hpp"

#include <algorithm>
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
  const auto steps = std::clamp<std::int64_t>(*time / 1s, 1, 1000);
  for (std::int64_t step = 0; step < steps; ++step) {
    job.progress(100.0 * static_cast<double>(step) / static_cast<double>(steps), "sleeping");
    if (job.wait_for_stop(*time / steps)) throw stopped{};
  }
  return nullptr;
}

} // namespace

handler_registry built_in_handlers() { return {{"noop", noop}, {"sleep", sleep}}; }

} // namespace fabric
