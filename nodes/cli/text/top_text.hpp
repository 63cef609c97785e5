#pragma once

#include "fabric/store/operations.hpp"

#include "actors/wire.hpp"
#include "nodes/cli/text/style.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

/// What the fabric is doing, on one screen. Pure.
namespace fabric::cli {

struct overview {
  actors::lane_reports lanes;
  actors::node_reports nodes;
  std::vector<store::event> actions; ///< The newest last.
};

/// Lanes with what waits longest in them; running jobs, the longest first, at most `rows`; the latest actions.
std::string top_text(const overview& now, const style& how, std::size_t width, std::size_t rows);
nlohmann::json top_json(const overview& now);

} // namespace fabric::cli
