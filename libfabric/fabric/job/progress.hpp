#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// How far a job says that it is. Pure.
namespace fabric {

inline constexpr std::size_t progress_message_bytes = 200;
inline constexpr std::size_t progress_counters = 16; ///< More names are ignored.
inline constexpr std::size_t progress_counter_bytes = 64;

struct job_progress {
  std::optional<double> percent;          ///< 0 to 100.
  std::string message;                    ///< One line of UTF-8 without control characters; empty: none.
  std::map<std::string, double> counters; ///< Finite; names as the message.

  /// These cut to the bounds and ignore what is not finite.
  void set_percent(double value);
  void set_message(std::string_view text);
  void set_counter(std::string_view name, double value);

  bool operator==(const job_progress&) const = default;
};

/// Takes what a line says; what it does not name stays as it was:
///
///     {"percent": 42.5, "message": "copying", "counters": {"rows": 1200}}     every key may be missing
///     42.5                                                                    the percent; 42.5% too
///     copying                                                                 any other text: the message
///
/// Keys and values of an object that are not of this form are ignored; text that only looks like one is a message.
void take_line(job_progress& to, std::string_view line);

/// Returns `text` without the blanks at both ends.
std::string_view trimmed(std::string_view text);

/// {"percent": 42.5 or null, "message": "copying" or null, "counters": {"rows": 1200}}; whole numbers as integers.
nlohmann::json to_json(const job_progress& p);

} // namespace fabric
