#pragma once

#include "nodes/cli/session.hpp"

#include <vector>

namespace fabric::cli {

/// Submits at most limits::batch_jobs specs. While the fabric cannot be reached it asks again, for as long as the
/// user's patience lasts, but only if that can make no job twice: every spec has a key, or nothing was sent.
/// What is refused for lack of room is sent again too, if the user named a patience.
/// @returns a receipt per spec, in order.
expected<actors::receipts> submit_patiently(session& s, const std::vector<job_spec>& specs);

/// The first refusal for lack of room; nullptr if there is none.
const error* no_room_in(const actors::receipts& all);

} // namespace fabric::cli
