#include "fabric/config/dump.hpp"

#include "fabric/config/modes.hpp"
#include "fabric/config/writer.hpp"

namespace fabric::config {

namespace {

/// Adds "mode" and "else": null, a mode, or a list of them.
void add_modes(nlohmann::ordered_json& to, const std::vector<policy::demotion_mode>& modes) {
  to["mode"] = modes.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(name_of(modes[0]));
  auto& other = to["else"] = nullptr;
  if (modes.size() == 2) other = name_of(modes[1]);
  for (std::size_t i = 1; modes.size() > 2 && i < modes.size(); ++i) other.push_back(name_of(modes[i]));
}

} // namespace

nlohmann::ordered_json writer::text_of(const on_timeout& value, const way_out&) {
  if (value.what == on_timeout::kind::fail) return "fail";
  json object = {{"move_to", value.move_to}};
  add_modes(object, value.modes);
  return object;
}

nlohmann::ordered_json writer::text_of(const std::vector<policy::demotion_mode>& value, const mode_list&) {
  if (value.empty()) return nullptr;
  json object;
  add_modes(object, value);
  return object;
}

std::string dump(const root& all, int indent) { return writer::object_of(all).dump(indent); }

std::string dump(const job_class& one, int indent) { return writer::object_of(one).dump(indent); }

std::uint64_t class_hash(const job_class& one) {
  // Not through the table: the hash must stay the same when an option is added.
  nlohmann::json decided = {{"command", one.command},
                            {"cwd", one.cwd},
                            {"env", one.env},
                            {"user", one.user},
                            {"wall_us", one.limits.wall ? one.limits.wall->count() : 0},
                            {"output", one.limits.output}};
  const auto limits = writer::object_of(one.limits);
  for (const char* name : {"stall_timeout", "memory", "cpu", "processes", "files", "file_size", "address_space"})
    if (!limits[name].is_null()) decided[name] = limits[name];
  if (!one.handler.empty()) decided["handler"] = one.handler;
  std::uint64_t hash = 14695981039346656037ull;
  for (const unsigned char c : decided.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
    hash = (hash ^ c) * 1099511628211ull;
  return hash;
}

} // namespace fabric::config
