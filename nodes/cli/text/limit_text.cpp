#include "nodes/cli/text/limit_text.hpp"

#include "nodes/cli/text/human.hpp"
#include "nodes/cli/text/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

using nlohmann::json;

std::string amount(const json& n, const std::string& unit) {
  if (unit == "bytes") return human_bytes(n.get<std::uint64_t>());
  if (unit == "us") return human_duration(duration{n.get<std::int64_t>()});
  return human_count(n.get<std::uint64_t>());
}

std::string kept_by(const std::string& how) {
  if (how == "cgroup") return "kept by the kernel for the whole tree";
  if (how == "sampled") return "kept by samples of the whole tree";
  if (how == "rlimit") return "kept by the kernel for each process";
  if (how == "timer") return "kept by the keeper's clock";
  if (how == "cut") return "the middle of what is more is cut out";
  return how;
}

std::string line_of(const json& row) {
  const auto unit = row.at("unit").get<std::string>();
  auto line =
      fmt::format("    {:<13}  {}", printable(row.at("name").get<std::string>()), amount(row.at("limit"), unit));
  if (row.at("measured").is_number()) line += ", at most " + amount(row["measured"], unit) + " seen";
  line += ", " + kept_by(printable(row.at("how").get<std::string>()));
  return line + (row.at("exceeded").get<bool>() ? ": EXCEEDED\n" : "\n");
}

} // namespace

std::string limits_text(const json& limits) {
  std::string out;
  try {
    for (const auto& row : limits) out += line_of(row);
  } catch (const json::exception&) {
    return {}; // Of another version; it is shown as it is.
  }
  return out;
}

} // namespace fabric::cli
