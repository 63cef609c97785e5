#pragma once

#include "fabric/store/job_store.hpp"
#include "fabric/store/sqlite_connection.hpp"

#include <vector>

namespace fabric::store {

/// One page of `filter`, newest first. Each state but `succeeded` is read through its index, so that a rare state is
/// found without walking over a million others; without states, so are a class and a lane. Failures stay in `db`.
std::vector<job> list_jobs(sqlite_connection& db, const job_filter& filter);

} // namespace fabric::store
