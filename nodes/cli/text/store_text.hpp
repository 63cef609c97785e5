#pragma once

#include "fabric/store/sqlite_check.hpp"
#include "fabric/store/sqlite_info.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

/// What `fabric store` says. Pure.
namespace fabric::cli {

/// What is beside the store.
struct spool_size {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0; ///< On disk.
};

std::string store_text(const store::store_info& info, const spool_size& spool, time_point now);
nlohmann::json store_json(const store::store_info& info, const spool_size& spool);

std::string violations_text(const std::vector<store::violation>& found);
nlohmann::json violations_json(const std::vector<store::violation>& found);

} // namespace fabric::cli
