#include "nodes/cli/text/ca_text.hpp"

#include "fabric/time_text.hpp"

#include "nodes/cli/text/human.hpp"
#include "nodes/cli/text/printable.hpp"
#include "nodes/cli/text/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

std::string state_of(const tls::certificate_facts& of, bool revoked, time_point now) {
  return revoked ? "revoked" : std::string(to_string(tls::standing_of(of.valid, now)));
}

colour colour_of(const std::string& state) {
  if (state == to_string(tls::standing::good)) return colour::green;
  return state == to_string(tls::standing::near_end) ? colour::yellow : colour::red;
}

std::string day_of(time_point t) { return format_time(t).substr(0, 10); }

nlohmann::json json_of(const tls::certificate_facts& of, bool revoked, time_point now) {
  return {{"role", of.whom ? nlohmann::json(to_string(of.whom->what)) : nlohmann::json("authority")},
          {"name", of.whom ? nlohmann::json(of.whom->name) : nlohmann::json()},
          {"serial", of.serial},
          {"from", format_time(of.valid.from)},
          {"until", format_time(of.valid.until)},
          {"state", state_of(of, revoked, now)}};
}

} // namespace

std::string ca_text(const tls::certificate_facts& authority, const std::vector<tls::issued_certificate>& issued,
                    time_point now, const style& how) {
  table out({{"ROLE", false, 0}, {"NAME", false, 0}, {"UNTIL", false, 0}, {"STATE", false, 0}, {"SERIAL", false, 0}});
  const auto add = [&](const tls::certificate_facts& of, bool revoked) {
    const auto state = state_of(of, revoked, now);
    out.add({{of.whom ? std::string(to_string(of.whom->what)) : "authority"},
             {of.whom ? of.whom->name : "-"},
             {day_of(of.valid.until)},
             {state, colour_of(state)},
             {of.serial}});
  };
  add(authority, false);
  for (const auto& one : issued) add(one.facts, one.revoked);
  return out.render(how);
}

nlohmann::json ca_json(const tls::certificate_facts& authority, const std::vector<tls::issued_certificate>& issued,
                       time_point now) {
  auto list = nlohmann::json::array();
  for (const auto& one : issued) list.push_back(json_of(one.facts, one.revoked, now));
  return {{"authority", json_of(authority, false, now)}, {"issued", std::move(list)}};
}

std::string issued_text(const tls::certificate_facts& made, const std::string& directory) {
  const auto target = made.whom->what == tls::role::client
                          ? "what is in it belongs into a directory that FABRIC_TLS or "
                            "--tls names, or into ~/.config/fabric/tls"
                          : "what is in it belongs into the directory tls of that "
                            "node's data";
  return fmt::format("{}: certificate of {}, good until {}; {}. Whoever has the key is that {}.\n",
                     printable(directory), to_text(*made.whom), day_of(made.valid.until), target,
                     to_string(made.whom->what));
}

nlohmann::json issued_json(const tls::certificate_facts& made, const std::string& directory) {
  return {{"directory", directory},
          {"role", to_string(made.whom->what)},
          {"name", made.whom->name},
          {"serial", made.serial},
          {"until", format_time(made.valid.until)}};
}

} // namespace fabric::cli
