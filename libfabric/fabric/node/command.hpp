#pragma once

#include "fabric/config/config.hpp"
#include "fabric/error.hpp"
#include "fabric/node/attempt_limits.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What a node runs for a job: its own config's command for the class, filled from the job's input. Nothing else that
/// came over the wire takes part in it (G8). Pure.
namespace fabric::node {

/// Every job's PATH unless its class says otherwise; fabricd's own is not handed on.
inline constexpr std::string_view job_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct command_line {
  std::vector<std::string> argv;                        ///< Never empty; argv[0] is an absolute path.
  std::vector<std::pair<std::string, std::string>> env; ///< Whole but for the FABRIC_ variables; sorted by name.
  std::string cwd;                                      ///< Empty: the attempt's directory.
  std::string user;                                     ///< Empty: the runner's.
  duration wall{0};                                     ///< 0: no limit.
  duration stall{0};                                    ///< Longest time without progress; 0: no limit.
  std::uint64_t output_max = 0;                         ///< Bytes kept of stdout and of stderr, each; 0: all.
  attempt_limits limits;
};

/// Builds the command line. The environment is PATH, then LANG, TZ and (unless the class names another user) HOME of
/// `base`, then the class's own; everything else of `base`, such as LD_PRELOAD, is left out.
/// @param how the class as this node's config has it; for "adhoc" the command comes from the input instead.
/// @param base fabricd's own environment.
/// @returns errc::bad_input (input not JSON, a value missing, of the wrong kind, or with a NUL byte; a class without a
///          command) and errc::too_large, with the JSON pointer from "/input". Admission has refused such jobs; but
///          this node's config may differ.
expected<command_line> render(const config::job_class& how, std::string_view class_name, std::string_view input,
                              const std::map<std::string, std::string>& base);

} // namespace fabric::node
