#include "fabric/config/reader.hpp"

#include "fabric/bytes_text.hpp"
#include "fabric/config/command_template.hpp"
#include "fabric/duration_text.hpp"
#include "fabric/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fabric::config {

namespace {

using nlohmann::json;

std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", text); }

std::string kind_of(const json& value) {
  switch (value.type()) {
  case json::value_t::null: return "null";
  case json::value_t::object: return "an object";
  case json::value_t::array: return "an array";
  case json::value_t::string: return "a string";
  case json::value_t::boolean: return "true or false";
  default: return "a number";
  }
}

template <class Names> std::string listed(const Names& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + in_quotes(name);
  return text;
}

std::uint64_t whole_or(const place& at, const whole& rule, std::uint64_t fallback) {
  const auto& v = at.value();
  const auto range = fmt::format("a whole number from {} to {}", rule.min, rule.max);
  if (!at.require(v.is_number(), range)) return fallback;
  if (!v.is_number_unsigned() || v.get<std::uint64_t>() < rule.min || v.get<std::uint64_t>() > rule.max) {
    at.complain(fmt::format("{} must be {}", v.dump(), range));
    return fallback;
  }
  return v.get<std::uint64_t>();
}

std::optional<duration> span_at(const place& at, const span& rule) {
  const auto& v = at.value();
  if (!at.require(v.is_string(), "a duration such as \"300ms\", \"60s\" or \"5m\"")) return std::nullopt;
  const auto parsed = parse_duration(v.get_ref<const std::string&>());
  if (!parsed)
    at.complain(parsed.error().message);
  else if (*parsed < rule.min || *parsed > rule.max)
    at.complain(fmt::format("{} must be a duration from {} to {}", v.dump(), format_duration(rule.min),
                            format_duration(rule.max)));
  else
    return *parsed;
  return std::nullopt;
}

} // namespace

std::optional<place> place::member(const std::string& key) const {
  const auto it = value_->find(key);
  if (it == value_->end()) return std::nullopt;
  return place(*doc_, *it, join(pointer_, key), *out_);
}

place place::element(std::size_t index) const {
  return {*doc_, (*value_)[index], join(pointer_, std::to_string(index)), *out_};
}

bool place::require(bool ok, const std::string& what) const {
  if (!ok) complain(fmt::format("must be {}, not {}", what, kind_of(*value_)));
  return ok;
}

void place::complain_at(const std::string& pointer, std::string message) const {
  const auto& from = doc_->origin_of(pointer);
  out_->push_back({from.file, from.line, pointer, std::move(message)});
}

void read(const place& at, bool& into, const flag&) {
  if (at.require(at.value().is_boolean(), "true or false")) into = at.value().get<bool>();
}

void read(const place& at, std::uint64_t& into, const whole& rule) { into = whole_or(at, rule, into); }

void read(const place& at, std::uint32_t& into, const whole& rule) {
  const whole narrow{rule.min, std::min<std::uint64_t>(rule.max, std::numeric_limits<std::uint32_t>::max())};
  into = static_cast<std::uint32_t>(whole_or(at, narrow, into));
}

void read(const place& at, double& into, const real& rule) {
  const auto range = fmt::format("a number from {} to {}", rule.min, rule.max);
  if (!at.require(at.value().is_number(), range)) return;
  const auto v = at.value().get<double>();
  if (v >= rule.min && v <= rule.max)
    into = v;
  else
    at.complain(fmt::format("{} must be {}", at.value().dump(), range));
}

void read(const place& at, std::uint64_t& into, const bytes& rule) {
  const auto& v = at.value();
  if (!at.require(v.is_string() || v.is_number(), "a size such as \"64MiB\", or plain bytes")) return;
  std::uint64_t size = 0;
  if (v.is_string()) {
    const auto parsed = parse_bytes(v.get_ref<const std::string&>());
    if (!parsed) return at.complain(parsed.error().message);
    size = *parsed;
  } else if (v.is_number_unsigned()) {
    size = v.get<std::uint64_t>();
  } else {
    return at.complain(v.dump() + " must be a whole number of bytes, or a size such as \"64MiB\"");
  }
  if (size >= rule.min && size <= rule.max)
    into = size;
  else
    at.complain(
        fmt::format("{} must be a size from {} to {}", v.dump(), format_bytes(rule.min), format_bytes(rule.max)));
}

void read(const place& at, duration& into, const span& rule) {
  if (const auto value = span_at(at, rule)) into = *value;
}

void read(const place& at, std::optional<duration>& into, const span& rule) {
  if (at.value().is_null()) return into.reset();
  if (const auto value = span_at(at, rule)) into = value;
}

void read(const place& at, std::string& into, const words& rule) {
  if (!at.require(at.value().is_string(), "a string")) return;
  into = at.value().get<std::string>();
  if (auto wrong = rule.rule(into); !wrong.empty()) at.complain(std::move(wrong));
}

void read(const place& at, std::string& into, const one_of& rule) {
  if (!at.require(at.value().is_string(), "one of " + listed(rule.choices))) return;
  const auto text = at.value().get<std::string>();
  for (const auto& choice : rule.choices)
    if (choice == text) return void(into = text);
  at.complain(fmt::format("{} must be one of {}", at.value().dump(), listed(rule.choices)));
}

void read(const place& at, std::vector<std::string>& into, const argv&) {
  const auto& v = at.value();
  if (!at.require(v.is_array(), "an array of strings: the program and its arguments")) return;
  if (v.empty()) at.complain("must not be empty: the program and its arguments");
  into.assign(v.size(), {});
  for (std::size_t i = 0; i < v.size(); ++i) {
    const auto argument = at.element(i);
    read(argument, into[i], words{rules::no_nul});
    const auto pieces = parse_template(into[i]);
    if (!pieces) {
      argument.complain(pieces.error().message);
    } else if (i == 0 && argument.value().is_string()) {
      if (!into[0].starts_with('/')) argument.complain(in_quotes(into[0]) + " must be an absolute path: the program");
      for (const auto& piece : *pieces)
        if (!piece.keys.empty()) return argument.complain("the program's path must not come from a job's input");
    }
  }
}

void read(const place& at, handler_threads& into, const thread_count& rule) {
  using kind = handler_threads::kind;
  const auto& v = at.value();
  const auto what = fmt::format("\"compute\", \"io\" or a whole number from {} to {}", rule.min, rule.max);
  if (v == "compute") return void(into = {kind::compute, 0});
  if (v == "io") return void(into = {kind::io, 0});
  if (!at.require(v.is_string() || v.is_number(), what)) return;
  if (!v.is_number_unsigned() || v.get<std::uint64_t>() < rule.min || v.get<std::uint64_t>() > rule.max)
    return at.complain(v.dump() + " must be " + what);
  into = {kind::own, v.get<std::uint32_t>()};
}

void read(const place& at, std::map<std::string, std::string>& into, const raw_json&) {
  if (!at.require(at.value().is_object(), "an object")) return;
  into.clear();
  for (const auto& [key, value] : at.value().items()) into.emplace(key, value.dump());
}

void check_keys(const place& at, const std::vector<std::string>& known) {
  for (const auto& [key, value] : at.value().items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const auto near = did_you_mean(key, known);
    at.complain_of(
        key, fmt::format("unknown key {}{}", in_quotes(key), near.empty() ? "; known here: " + listed(known) : near));
  }
}

} // namespace fabric::config
