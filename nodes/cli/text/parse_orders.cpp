#include "nodes/cli/text/parse_orders.hpp"

#include "fabric/duration_text.hpp"

#include <CLI/CLI.hpp>

namespace fabric::cli {

namespace {

void add_lane(CLI::App& sub, invocation& out) {
  sub.add_option("LANE", out.order.lane, "Name of the lane")->required()->type_name("");
}

} // namespace

void add_orders(CLI::App& app, invocation& out) {
  auto& pause = *app.add_subcommand("pause", "Start nothing in a lane for now; what runs goes on");
  add_lane(pause, out);
  pause.add_option("--reason", out.order.reason, "Why, for those who wonder")->required();
  pause.add_option_function<std::string>(
      "--for",
      [&out](const std::string& text) {
        const auto length = parse_duration(text);
        if (!length) throw CLI::ValidationError("--for", length.error().message);
        out.order.length = *length;
      },
      "Until then at most (default: until `fabric resume`)");
  add_lane(*app.add_subcommand("resume", "Start jobs in a paused lane again"), out);
  auto& explain = *app.add_subcommand("explain", "Why a job does not run, and where its time went");
  explain.add_option("ID", out.ids, "Number of the job")
      ->required()
      ->expected(1)
      ->check(CLI::Range(1UL, ~0UL >> 1))
      ->type_name("");
}

} // namespace fabric::cli
