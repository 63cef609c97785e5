#include "fabric/job/progress.hpp"

#include "fabric/job/strict_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace fabric {

namespace {

constexpr double exact_integers = 9007199254740992.0; ///< Up to here each has a double of its own.

/// One line that can be shown: at most `max` bytes, cut at a character; what controls is a blank, what is not UTF-8
/// "?".
std::string plain(std::string_view text, std::size_t max) {
  if (text.size() > max) {
    while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xc0u) == 0x80u) --max;
    text = text.substr(0, max);
  }
  const bool readable = is_utf8(text);
  std::string out(text);
  for (auto& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
    if (byte >= 0x80 && !readable) c = '?';
  }
  return out;
}

std::optional<double> number_in(std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

void take_object(job_progress& to, const nlohmann::json& said) {
  if (const auto at = said.find("percent"); at != said.end() && at->is_number()) to.set_percent(at->get<double>());
  if (const auto at = said.find("message"); at != said.end() && at->is_string())
    to.set_message(at->get_ref<const std::string&>());
  const auto counters = said.find("counters");
  if (counters == said.end() || !counters->is_object()) return;
  for (const auto& [name, value] : counters->items())
    if (value.is_number()) to.set_counter(name, value.get<double>());
}

nlohmann::json number(double value) {
  if (std::abs(value) > exact_integers || value != std::floor(value)) return value;
  return static_cast<std::int64_t>(value);
}

} // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

void job_progress::set_percent(double value) {
  if (std::isfinite(value)) percent = std::clamp(value, 0.0, 100.0);
}

void job_progress::set_message(std::string_view text) { message = plain(text, progress_message_bytes); }

void job_progress::set_counter(std::string_view name, double value) {
  if (!std::isfinite(value)) return;
  auto key = plain(name, progress_counter_bytes);
  if (counters.size() < progress_counters || counters.contains(key)) counters[std::move(key)] = value;
}

void take_line(job_progress& to, std::string_view line) {
  line = trimmed(line);
  if (line.empty()) return;
  if (line.front() == '{')
    if (const auto said = parse_strict(line, {.bytes = line.size(), .depth = 2})) return take_object(to, *said);
  if (const auto value = number_in(line)) return to.set_percent(*value);
  to.set_message(line);
}

nlohmann::json to_json(const job_progress& p) {
  nlohmann::json counters = nlohmann::json::object();
  for (const auto& [name, value] : p.counters) counters[name] = number(value);
  return {{"percent", p.percent ? number(*p.percent) : nlohmann::json()},
          {"message", p.message.empty() ? nlohmann::json() : nlohmann::json(p.message)},
          {"counters", std::move(counters)}};
}

} // namespace fabric
