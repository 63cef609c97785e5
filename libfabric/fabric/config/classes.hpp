#pragma once

#include "fabric/config/config.hpp"
#include "fabric/error.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Looking classes up, and the built-in one. Pure.
namespace fabric::config {

/// The class whose jobs bring their own command in their input, if `allow_ad_hoc` is on:
/// {"argv": ["/abs/program", …], "cwd": "/abs", "env": {"NAME": "value"}}; cwd and env may be missing.
inline constexpr std::string_view ad_hoc_class = "adhoc";

/// The class of this name, the built-in one included; nullptr if there is none. The built-in one has the limits of a
/// default class, and one attempt unless the job asks for more: nobody knows whether its command may run twice.
const job_class* find_class(const root& all, std::string_view name);

struct ad_hoc_command {
  std::vector<std::string> argv;
  std::string cwd; ///< Empty: the attempt's directory.
  std::map<std::string, std::string> env;

  bool operator==(const ad_hoc_command&) const = default;
};

/// Reads an ad-hoc job's input. errc::bad_input with the JSON pointer, from "/input": not JSON, not of this form, an
/// unknown key, a relative path, a NUL byte, a bad variable name; errc::too_large: an argument over argument_bytes.
expected<ad_hoc_command> parse_ad_hoc(std::string_view input);

/// Whether a class runs as a user of its own.
bool has_users(const root& all);

} // namespace fabric::config
