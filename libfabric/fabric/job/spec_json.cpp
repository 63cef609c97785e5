#include "fabric/duration_text.hpp"
#include "fabric/job/json.hpp"
#include "fabric/job/limits.hpp"
#include "fabric/job/names.hpp"
#include "fabric/job/strict_json.hpp"
#include "fabric/nearest.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <limits>

/// The way in: submissions as JSON, and the rules that every submission obeys however it came.
namespace fabric {

namespace {

using nlohmann::json;

/// nullopt: nothing is wrong.
using verdict = std::optional<error>;

verdict refuse(std::string message, std::string where, errc code = errc::bad_input) {
  return error{code, std::move(message), std::move(where)};
}

// -- types and shape: from a JSON value into the spec -----------------------------------------------------------------

verdict read_text(const json& value, std::string where, std::string& into) {
  if (!value.is_string()) return refuse("must be a string", std::move(where));
  into = value.get_ref<const std::string&>();
  return {};
}

verdict read_number(const json& value, std::string where, std::uint32_t& into) {
  if (!value.is_number_integer()) return refuse("must be a whole number", std::move(where));
  constexpr std::uint32_t largest = std::numeric_limits<std::uint32_t>::max();
  // Unsigned values are stored as such; what is signed is negative, or was put there by our own code.
  const bool negative = !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
  if (negative || value.get<std::uint64_t>() > largest)
    return refuse("must be 0 to " + std::to_string(largest), std::move(where));
  into = value.get<std::uint32_t>();
  return {};
}

verdict read_delay(const json& value, duration& into) {
  if (!value.is_string()) return refuse("must be a string such as \"60s\" or \"5m\"", "/delay");
  auto delay = parse_duration(value.get_ref<const std::string&>());
  if (!delay) return refuse(delay.error().message, "/delay");
  into = *delay;
  return {};
}

verdict read_labels(const json& value, std::map<std::string, std::string>& into) {
  if (!value.is_object()) return refuse("must be an object of strings", "/labels");
  if (value.size() > limits::labels_max) // Before any is copied.
    return refuse("at most " + std::to_string(limits::labels_max) + " labels, not " + std::to_string(value.size()),
                  "/labels");
  for (const auto& [key, text] : value.items())
    if (auto wrong = read_text(text, pointer_to("/labels", key), into[key])) return wrong;
  return {};
}

verdict read_field(job_spec& spec, std::string_view key, const json& value) {
  if (key == "class") return read_text(value, "/class", spec.job_class);
  if (key == "input") {
    spec.input = json_text(value);
    return {};
  }
  if (key == "priority") return read_number(value, "/priority", spec.priority);
  if (key == "delay") return read_delay(value, spec.delay);
  if (key == "lane") return read_text(value, "/lane", spec.lane.emplace());
  if (key == "idempotency_key") return read_text(value, "/idempotency_key", spec.idempotency_key.emplace());
  if (key == "max_attempts") return read_number(value, "/max_attempts", spec.max_attempts.emplace());
  if (key == "owner") return read_text(value, "/owner", spec.owner);
  if (key == "labels") return read_labels(value, spec.labels);
  if (key == "key") return read_text(value, "/key", spec.ordering_key.emplace());
  static constexpr std::array<std::string_view, 10> known{
      "class", "input", "priority", "delay", "lane", "idempotency_key", "max_attempts", "owner", "labels", "key"};
  return refuse("unknown field" + did_you_mean(key, known), pointer_to("", key));
}

// -- ranges -----------------------------------------------------------------------------------------------------------

verdict check_name(std::string_view text, std::string where) {
  if (is_name(text)) return {};
  return refuse("a name is 1 to 64 of the characters A-Z a-z 0-9 _ . -", std::move(where));
}

verdict check_text(std::string_view text, std::size_t least, std::size_t most, std::string where) {
  if (text.size() < least || text.size() > most)
    return refuse("must have " + std::to_string(least) + " to " + std::to_string(most) + " bytes, has " +
                      std::to_string(text.size()),
                  std::move(where));
  if (!is_printable(text)) return refuse("must not contain control characters", std::move(where));
  if (!is_utf8(text)) // What came as JSON is; C++ clients may send anything.
    return refuse("must be valid UTF-8", std::move(where));
  return {};
}

verdict check_labels(const std::map<std::string, std::string>& labels) {
  if (labels.size() > limits::labels_max)
    return refuse("at most " + std::to_string(limits::labels_max) + " labels, not " + std::to_string(labels.size()),
                  "/labels");
  for (const auto& [key, text] : labels) {
    if (!is_name(key)) // The key may be anything at all, so it stays out of the pointer unless it is text.
      return check_name(key, is_utf8(key) ? pointer_to("/labels", key) : "/labels");
    if (auto wrong = check_text(text, 0, limits::key_bytes, pointer_to("/labels", key))) return wrong;
  }
  return {};
}

verdict check_input_size(const std::string& input) {
  if (input.size() <= limits::input_bytes) return {};
  return refuse("the input has " + std::to_string(input.size()) + " bytes as compact JSON, more than the limit of " +
                    std::to_string(limits::input_bytes),
                "/input", errc::too_large);
}

verdict check_numbers(const job_spec& spec) {
  if (spec.delay < duration::zero() || spec.delay > longest_duration) return refuse("must be 0 to 10 years", "/delay");
  if (spec.max_attempts && (*spec.max_attempts < 1 || *spec.max_attempts > limits::attempts_max))
    return refuse("must be 1 to " + std::to_string(limits::attempts_max), "/max_attempts");
  return {};
}

/// Everything but the text of the input.
verdict check(const job_spec& spec) {
  if (auto wrong = check_name(spec.job_class, "/class")) return wrong;
  if (auto wrong = check_input_size(spec.input)) return wrong;
  if (auto wrong = check_numbers(spec)) return wrong;
  if (spec.lane)
    if (auto wrong = check_name(*spec.lane, "/lane")) return wrong;
  if (spec.idempotency_key)
    if (auto wrong = check_text(*spec.idempotency_key, 1, limits::key_bytes, "/idempotency_key")) return wrong;
  if (spec.ordering_key)
    if (auto wrong = check_text(*spec.ordering_key, 1, limits::key_bytes, "/key")) return wrong;
  if (auto wrong = check_text(spec.owner, 0, limits::name_bytes, "/owner")) return wrong;
  return check_labels(spec.labels);
}

} // namespace

expected<job_spec> parse_job_spec(std::string_view text) {
  // One level more than an input may have, since the submission wraps it.
  auto value = parse_strict(text, {.bytes = limits::spec_bytes, .depth = limits::json_depth + 1});
  if (!value) return tl::unexpected<error>(std::move(value.error()));
  return job_spec_from(*value);
}

expected<job_spec> job_spec_from(const json& value) {
  if (!value.is_object()) return fail(errc::bad_input, "a job must be an object such as {\"class\": \"noop\"}");
  job_spec spec;
  for (const auto& [key, field] : value.items())
    if (auto wrong = read_field(spec, key, field)) return tl::unexpected<error>(std::move(*wrong));
  if (!value.contains("class")) return fail(errc::bad_input, "is required", "/class");
  if (auto wrong = check(spec)) return tl::unexpected<error>(std::move(*wrong));
  return spec;
}

expected<job_spec> checked(job_spec spec) {
  if (auto wrong = check(spec)) return tl::unexpected<error>(std::move(*wrong));
  auto compact = compact_json(spec.input, {.bytes = limits::input_bytes, .depth = limits::json_depth});
  if (!compact) {
    error& wrong = compact.error();
    return fail(wrong.code, std::move(wrong.message), "/input" + wrong.where);
  }
  spec.input = std::move(*compact);
  return spec;
}

} // namespace fabric
