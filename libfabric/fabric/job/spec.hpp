#pragma once

#include "fabric/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

/// A job as a client submits it. Limits of every field: fabric/job/limits.hpp; JSON form: fabric/job/json.hpp.
namespace fabric {

inline constexpr std::uint32_t default_priority = 1024;

struct job_spec {
  std::string job_class;                      ///< Name of a configured class, [A-Za-z0-9_.-]{1,64}.
  std::string input = "null";                 ///< Any JSON value as compact text, at most 1 MiB.
  std::uint32_t priority = default_priority;  ///< 0 is the most urgent.
  duration delay{0};                          ///< Not before this long after submission; 0 .. 10 years, JSON "5m".
  std::optional<std::string> lane;            ///< Only in this lane first, whatever the policy says.
  std::optional<std::string> idempotency_key; ///< 1 to 255 bytes; one job per (class, key).
  std::optional<std::uint32_t> max_attempts;  ///< 1 .. 1000; otherwise the class's, otherwise 3.
  std::string owner;                          ///< Free text, at most 64 bytes; may be empty.
  std::map<std::string, std::string> labels;  ///< At most 16; keys like a class name, values at most 255 bytes.
  std::optional<std::string> ordering_key;    ///< 1 to 255 bytes; the cell's jobs of a key run one after the other, in
                                              ///< the order of their submission. JSON "key".

  bool operator==(const job_spec&) const = default;
};

} // namespace fabric
