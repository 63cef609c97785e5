#pragma once

#include "fabric/bytes_text.hpp"
#include "fabric/config/fields.hpp"
#include "fabric/duration_text.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

/// Turns configuration structs into JSON, in the order of fields.hpp.
namespace fabric::config {

class writer {
public:
  nlohmann::ordered_json out = nlohmann::ordered_json::object();

  template <class T> static nlohmann::ordered_json object_of(const T& it) {
    writer inner;
    // fields() serves reading too, so it takes its struct by reference; writing changes nothing.
    fields(inner, const_cast<T&>(it));
    return std::move(inner.out);
  }

  template <class T, class Rule> void operator()(const char* key, const T& value, const Rule& rule) {
    if (is_left_out(value, rule)) return;
    out[key] = text_of(value, rule);
  }
  template <class T> void section(const char* key, const T& value) { out[key] = object_of(value); }
  template <class T> void list(const char* key, const std::vector<T>& values) {
    auto& array = out[key] = nlohmann::ordered_json::array();
    for (const auto& value : values) array.push_back(object_of(value));
  }
  template <class T> void table(const char* key, const std::map<std::string, T>& values, text_rule) {
    auto& object = out[key] = nlohmann::ordered_json::object();
    for (const auto& [name, value] : values) object[name] = object_of(value);
  }

private:
  using json = nlohmann::ordered_json;

  template <class T, class Rule> static bool is_left_out(const T&, const Rule&) { return false; }
  static bool is_left_out(const std::vector<std::string>& command, const argv&) { // Of a handler's class.
    return command.empty();
  }

  template <class T, class Rule> static json text_of(const T& value, const Rule&) { return value; }
  static json text_of(std::uint64_t value, const bytes&) { return format_bytes(value); }
  template <class Rule> static json text_of(const std::optional<std::uint64_t>& value, const Rule& rule) {
    return value ? text_of(*value, rule) : json(nullptr);
  }
  static json text_of(duration value, const span&) { return format_duration(value); }
  static json text_of(const std::optional<duration>& value, const span&) {
    return value ? json(format_duration(*value)) : json(nullptr);
  }
  template <class T, class Rule> static json text_of(const std::map<std::string, T>& values, const each<Rule>& rule) {
    auto object = json::object();
    for (const auto& [name, value] : values) object[name] = text_of(value, rule.value);
    return object;
  }
  static json text_of(const std::map<std::string, std::string>& values, const raw_json&) {
    auto object = json::object();
    for (const auto& [name, value] : values) object[name] = json::parse(value);
    return object;
  }
  static json text_of(const std::vector<std::string>& value, const text_list&) { return value; }
  static json text_of(const lane_place& value, const lane_home&) {
    if (value.what == lane_place::kind::labels) return value.labels;
    return value.what == lane_place::kind::node ? value.node : std::string{"scheduler"};
  }
  static json text_of(const on_timeout& value, const way_out&);
  static json text_of(const handler_threads& value, const thread_count&) {
    if (value.what == handler_threads::kind::own) return value.count;
    return value.what == handler_threads::kind::io ? "io" : "compute";
  }
  static json text_of(const std::vector<policy::demotion_mode>& value, const mode_list&);
};

} // namespace fabric::config
