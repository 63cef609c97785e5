#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Whom a certificate of the cell names. Pure.
namespace fabric::tls {

/// What its holder may do: clients and nodes dial, and only believe a scheduler.
enum class role : std::uint8_t { scheduler, node, client };

struct identity {
  role what = role::client;
  std::string name; ///< Of the node, or of whoever operates the client; see fabric/job/names.hpp.

  bool operator==(const identity&) const = default;
};

std::string_view to_string(role what) noexcept;
std::optional<role> role_from(std::string_view text) noexcept;

/// For example "node w1".
std::string to_text(const identity& whom);

/// Reads what to_text() writes; nullopt for anything else.
std::optional<identity> identity_from(std::string_view text);

} // namespace fabric::tls
