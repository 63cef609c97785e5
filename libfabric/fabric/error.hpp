#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

/// The errors of the fabric: data, never exceptions. Bad input is a reply of this kind; a broken invariant is an
/// assertion and crashes the actor instead.
namespace fabric {

/// Why a request was refused. The values are on the wire: append, never renumber.
enum class errc : std::uint8_t {
  bad_input = 1,     ///< Malformed or out of range; `where` is a JSON pointer or an option's name.
  unknown_class,     ///< No class of this name is configured.
  class_disabled,    ///< The class is configured with "enabled": false.
  class_unavailable, ///< No node can run the class now, for example because its executable is missing.
  unknown_lane,      ///< No lane of this name is configured.
  too_large,         ///< A size limit; the message names the limit.
  key_conflict,      ///< The idempotency key was used before with another payload.
  limit_reached,     ///< An overload limit (DESIGN section 6, `limits`); the message names it. Try again later.
  disk_full,         ///< Free space below `store.disk_low`; nothing was stored. Try again later.
  not_found,         ///< No such job, attempt, lane or file.
  wrong_state,       ///< The job's state does not allow it, for example a kick of a job that is not buried.
  not_allowed,       ///< The operator's config does not allow it, for example an ad-hoc command.
  draining,          ///< The node or fabric takes no new work. Try again later.
  unavailable,       ///< The part that should answer is restarting or silent. Try again.
  stale,             ///< A compare-and-set lost: the row changed, or the fence or epoch is old.
  incompatible,      ///< Another protocol, schema or build version.
  io_error,          ///< The operating system refused; the message carries its words.
};

/// Returns the enumerator's name, as used in JSON.
std::string_view to_string(errc code) noexcept;

/// What went wrong, where, and by which rule.
struct error {
  errc code = errc::bad_input;
  std::string message; ///< One sentence for a human, without a trailing full stop.
  std::string where;   ///< JSON pointer, option, path or lane; may be empty.

  bool operator==(const error&) const = default;
};

/// Returns "where: message", or the message alone when `where` is empty.
std::string render(const error& e);

template <class T> using expected = tl::expected<T, error>;

/// Shorthand for the failing branch of a function that returns `expected`.
inline tl::unexpected<error> fail(errc code, std::string message, std::string where = {}) {
  return tl::unexpected<error>(error{code, std::move(message), std::move(where)});
}

} // namespace fabric
