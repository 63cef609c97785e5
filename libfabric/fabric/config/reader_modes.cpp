#include "fabric/config/modes.hpp"
#include "fabric/config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

/// Reads the ways out of a lane: "on_timeout" of lanes and of classes.
namespace fabric::config {

namespace {

using modes = std::vector<policy::demotion_mode>;

std::optional<policy::demotion_mode> mode_at(const place& at) {
  std::string names;
  for (const auto& [mode, name] : mode_names) names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", name);
  if (!at.require(at.value().is_string(), "one of " + names)) return std::nullopt;
  for (const auto& [mode, name] : mode_names)
    if (name == at.value().get_ref<const std::string&>()) return mode;
  at.complain(fmt::format("{} must be one of {}", at.value().dump(), names));
  return std::nullopt;
}

void add_mode(const place& at, modes& into) {
  const auto mode = mode_at(at);
  if (!mode) return;
  if (std::find(into.begin(), into.end(), *mode) != into.end())
    return at.complain("is named before; modes must differ");
  into.push_back(*mode);
}

/// @param into what is there stays unless "mode" is given.
void read_modes(const place& at, modes& into) {
  if (const auto mode = at.member("mode"))
    if (const auto value = mode_at(*mode)) into = {*value};
  const auto other = at.member("else");
  if (!other || other->value().is_null()) return;
  if (!other->value().is_array()) return add_mode(*other, into);
  for (std::size_t i = 0; i < other->value().size(); ++i) add_mode(other->element(i), into);
}

} // namespace

void read(const place& at, on_timeout& into, const way_out&) {
  const auto& v = at.value();
  if (v == "fail") return void(into = {on_timeout::kind::fail, {}, {}});
  if (v.is_string()) return at.complain(v.dump() + R"( must be "fail" or {"move_to": LANE, "mode": "restart"})");
  if (!at.require(v.is_object(), R"("fail" or {"move_to": LANE, "mode": "restart"})")) return;
  check_keys(at, {"move_to", "mode", "else"});
  into = {};
  if (const auto to = at.member("move_to")) read(*to, into.move_to, words{rules::any_text});
  read_modes(at, into.modes);
}

void read(const place& at, modes& into, const mode_list&) {
  const auto& v = at.value();
  if (v.is_null()) return into.clear();
  if (!at.require(v.is_object(), R"({"mode": MODE, "else": MODE}, or null)")) return;
  check_keys(at, {"mode", "else"});
  if (!v.contains("mode")) return at.complain("needs a \"mode\"");
  into.clear();
  read_modes(at, into);
}

} // namespace fabric::config
