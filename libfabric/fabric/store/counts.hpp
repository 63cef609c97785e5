#pragma once

#include "fabric/store/job_store.hpp"
#include "fabric/store/ledger.hpp"

#include <cstddef>

namespace fabric::store {

/// The most rows a reader returns at once, whatever it is asked for.
inline constexpr std::size_t page_limit = 1000;

/// A lane's totals in the words of the reader.
lane_counts counts_of(const std::string& lane, const state_totals& jobs);

} // namespace fabric::store
