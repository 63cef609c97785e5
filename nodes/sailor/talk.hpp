#pragma once

#include <cstdint>
#include <string>

/// The sailor's ways to use, and to abuse, its progress pipe. Without FABRIC_PROGRESS_FD they say nothing.
namespace sailor {

/// Says one percent after the other, 20 ms apart, up to `percent`.
void report_progress(std::uint64_t percent);

/// Says as much as it can, up to `limit` bytes of short lines; the last says "done talking" at 99.5 %.
int babble(std::uint64_t limit);

/// Says what nobody can read: bytes of all kinds, broken JSON, a line of 8 MiB; and at last that it is at 77 %.
int garble();

} // namespace sailor
