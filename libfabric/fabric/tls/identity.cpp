#include "fabric/tls/identity.hpp"

#include "fabric/job/names.hpp"

namespace fabric::tls {

std::string_view to_string(role what) noexcept {
  switch (what) {
  case role::scheduler: return "scheduler";
  case role::node: return "node";
  case role::client: return "client";
  }
  return "client";
}

std::optional<role> role_from(std::string_view text) noexcept {
  for (const auto one : {role::scheduler, role::node, role::client})
    if (to_string(one) == text) return one;
  return std::nullopt;
}

std::string to_text(const identity& whom) { return std::string(to_string(whom.what)) + " " + whom.name; }

std::optional<identity> identity_from(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto what = role_from(text.substr(0, space));
  const auto name = text.substr(space + 1);
  if (!what || !is_name(name)) return std::nullopt;
  return identity{*what, std::string(name)};
}

} // namespace fabric::tls
