#include "fabric/config/dump.hpp"

#include "fabric/config/modes.hpp"
#include "fabric/config/writer.hpp"

namespace fabric::config {

nlohmann::ordered_json writer::text_of(const on_timeout& value, const way_out&) {
  if (value.what == on_timeout::kind::fail) return "fail";
  json object = {{"move_to", value.move_to}, {"mode", nullptr}, {"else", nullptr}};
  if (!value.modes.empty()) object["mode"] = name_of(value.modes[0]);
  if (value.modes.size() > 1) object["else"] = name_of(value.modes[1]);
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
  if (!one.handler.empty()) decided["handler"] = one.handler;
  std::uint64_t hash = 14695981039346656037ull;
  for (const unsigned char c : decided.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
    hash = (hash ^ c) * 1099511628211ull;
  return hash;
}

} // namespace fabric::config
