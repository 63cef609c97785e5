#include "fabric/config/setting.hpp"

#include "fabric/config/writer.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace fabric::config {

namespace {

using nlohmann::json;

constexpr auto set_name = "--set";

std::vector<std::string> split(std::string_view pointer) {
  std::vector<std::string> steps;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      steps.emplace_back();
    } else if (pointer[i] == '~' && i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      steps.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      steps.back() += pointer[i];
    }
  }
  return steps;
}

/// The element that `step` names; the one behind the last is created.
json* element(json& array, const std::string& step) {
  std::size_t index = array.size();
  if (step != "-") {
    const auto [end, failure] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (failure != std::errc{} || end != step.data() + step.size() || index > array.size()) return nullptr;
  }
  if (index == array.size()) array.push_back(json::object());
  return &array[index];
}

void use_default_lanes(document& doc) {
  if (doc.value.contains("lanes")) return;
  auto& lanes = doc.value["lanes"] = json::array();
  for (const auto& l : defaults().lanes) lanes.push_back(json::parse(writer::object_of(l).dump()));
  doc.origins["/lanes"] = {set_name, 0};
}

/// What the file said below `pointer` is gone.
void forget_below(document& doc, const std::string& pointer) {
  const auto below = pointer + "/";
  std::erase_if(doc.origins, [&](const auto& o) { return o.first.starts_with(below); });
  std::erase_if(doc.found, [&](const auto& p) { return p.pointer == pointer || p.pointer.starts_with(below); });
  doc.origins[pointer] = {set_name, 0};
}

} // namespace

expected<setting> parse_setting(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return fail(errc::bad_input,
                "\"" + std::string(text) + "\" is no setting: POINTER=VALUE, for example /node/allow_root=true",
                set_name);
  std::string pointer(text.substr(0, equals));
  if (!pointer.starts_with('/')) {
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    pointer.insert(0, "/");
  }
  const auto steps = split(pointer);
  if (std::any_of(steps.begin(), steps.end(), [](const auto& step) { return step.empty(); }))
    return fail(errc::bad_input, "\"" + pointer + "\" has an empty step", set_name);
  const auto raw = text.substr(equals + 1);
  auto value = json::parse(raw.begin(), raw.end(), nullptr, false);
  if (value.is_discarded()) value = std::string(raw);
  return setting{std::move(pointer), std::move(value)};
}

void apply(const setting& what, document& doc) {
  const auto steps = split(what.pointer);
  if (steps.size() > 1 && steps[0] == "lanes") use_default_lanes(doc);
  json* at = &doc.value;
  std::string pointer;
  for (const auto& step : steps) {
    json* next = nullptr;
    const bool in_array = at->is_array();
    const auto name = in_array && step == "-" ? std::to_string(at->size()) : step;
    if (in_array)
      next = element(*at, step);
    else if (at->is_object())
      next = &(*at)[step];
    if (next == nullptr) {
      doc.found.push_back({set_name, 0, what.pointer,
                           in_array ? "\"" + step + "\" is no element of " + pointer + " and not the next one"
                                    : (pointer.empty() ? "the config" : pointer) + " is neither object nor array"});
      return;
    }
    pointer = join(pointer, name);
    if (next->is_null()) *next = json::object();
    if (!doc.origins.contains(pointer)) doc.origins[pointer] = {set_name, 0};
    at = next;
  }
  *at = what.value;
  forget_below(doc, pointer);
}

} // namespace fabric::config
