#pragma once

#include <cstddef>
#include <cstdint>

/// Every fixed bound of the job model, in one place. Bounds an operator may change are in fabric/config.
namespace fabric::limits {

inline constexpr std::size_t input_bytes = 1 << 20;                 ///< A job's input.
inline constexpr std::size_t result_bytes = 1 << 20;                ///< A job's result.
inline constexpr std::size_t spec_bytes = input_bytes + (64 << 10); ///< A whole submission in JSON.
inline constexpr std::size_t json_depth = 32;
inline constexpr std::size_t name_bytes = 64; ///< Classes, lanes, nodes, label keys, owners.
inline constexpr std::size_t key_bytes = 255; ///< Idempotency keys, ordering keys and label values.
inline constexpr std::size_t labels_max = 16;
inline constexpr std::uint32_t attempts_max = 1000;
inline constexpr std::uint32_t attempts_kept = 8;   ///< Rows and directories of one job: its last attempts.
inline constexpr std::size_t batch_jobs = 512;      ///< Jobs in one submission message.
inline constexpr std::size_t batch_bytes = 8 << 20; ///< What the jobs of one may count, unless it is a single one.
inline constexpr std::size_t commit_ops = 512;      ///< Operations in one group commit.

inline constexpr std::uint32_t default_max_attempts = 3;
inline constexpr std::uint32_t memory_cap = 1;
inline constexpr std::uint32_t lost_cap = 5;
inline constexpr std::uint32_t checkpoint_cap = 1000;
inline constexpr std::uint32_t lane_death_cap = 2;
inline constexpr std::uint32_t lane_death_cap_running = 3; ///< See apply_lane_death.

static_assert(spec_bytes < batch_bytes);
static_assert(result_bytes <= spec_bytes && input_bytes <= spec_bytes);

} // namespace fabric::limits
