#pragma once

#include "fabric/bytes_text.hpp"
#include "fabric/duration_text.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

/// What a single value of the configuration may be. Rules between values are in check.hpp.
namespace fabric::config {

inline constexpr std::uint32_t slots_max = 512; ///< Of a node, over all lanes: what one runner can keep.
constexpr duration days(int n) { return std::chrono::hours{24 * n}; }

/// Says what is wrong with a text; empty: nothing.
using text_rule = std::string (*)(const std::string&);

// -- kinds of value, both ends of a range included --------------------------------------------------------------------

struct flag {}; ///< true or false.
struct whole {  ///< null where the member is optional.
  std::uint64_t min = 0;
  std::uint64_t max = std::numeric_limits<std::int64_t>::max();
};
struct real {
  double min = 0;
  double max = 0;
};
struct bytes { ///< "64MiB", or plain bytes; null where the member is optional.
  std::uint64_t min = 0;
  std::uint64_t max = largest_size;
};
struct span { ///< "300ms", "60s", "5m"; null where the member is optional.
  duration min{0};
  duration max = longest_duration;
};
struct words {
  text_rule rule;
};
struct one_of {
  std::vector<std::string> choices;
};
/// An object whose keys are free.
template <class Rule> struct each {
  text_rule key;
  Rule value;
};
struct thread_count { ///< "compute", "io", or a number.
  std::uint32_t min = 1;
  std::uint32_t max = 1;
};
struct argv {};    ///< An array of texts, not empty.
struct text_list { ///< An array of texts, perhaps empty.
  text_rule rule;
  std::size_t most = 1;
};
struct lane_home {}; ///< "scheduler", a node's name, or {"LABEL": "VALUE", …}.
struct way_out {};   ///< "fail" or {"move_to": LANE, "mode": MODE, "else": MODE or [MODE, …]}.
struct mode_list {}; ///< {"mode": MODE, "else": MODE or [MODE, …]}, or null for none.
struct raw_json {};  ///< An object whose values are kept as JSON text.

namespace rules {

std::string any_text(const std::string& text);
std::string no_nul(const std::string& text);
std::string name(const std::string& text);      ///< [A-Za-z0-9_.-]{1,64}.
std::string node_name(const std::string& text); ///< A name, or empty.
std::string name_or_empty(const std::string& text);
std::string class_name(const std::string& text); ///< A name that is not built in.
std::string listen(const std::string& text);     ///< HOST:PORT, in numbers or localhost.
std::string endpoint(const std::string& text);   ///< HOST:PORT.
std::string absolute_path(const std::string& text);
std::string data_directory(const std::string& text); ///< An absolute path that leaves room for the sockets below it.
std::string absolute_path_or_empty(const std::string& text);
std::string variable_name(const std::string& text); ///< [A-Za-z_][A-Za-z0-9_]*, not FABRIC_….
std::string user(const std::string& text);          ///< A user's name, or empty.

} // namespace rules

} // namespace fabric::config
