#pragma once

#include "fabric/time.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

/// When a supervisor restarts a child and when it gives up: restart intensity as in Erlang/OTP's supervisors. Pure.
namespace fabric::supervision {

/// When a child that ended is started again.
enum class rule : std::uint8_t {
  permanent, ///< Always.
  transient, ///< Unless it ended by itself without an error.
  temporary, ///< Never; its end is only noted.
};

/// At most `restarts` within `within`; the n-th in a row waits backoff * 2^(n-1), at most `backoff_max`.
struct intensity {
  std::uint32_t restarts = 5;
  duration within = std::chrono::seconds{30};
  duration backoff = std::chrono::milliseconds{100};
  duration backoff_max = std::chrono::seconds{5};
};

/// Returns how long the n-th restart in a row waits, from 1.
duration delay_of(const intensity& limit, std::size_t n);

/// Returns how long all restarts wait together. Unless this is less than `within`, the first is forgotten before the
/// last, and a child that always crashes is restarted for ever.
duration delays(const intensity& limit);

/// What to do about a child that ended.
struct verdict {
  enum class kind : std::uint8_t { restart, leave, escalate };
  kind what = kind::leave;
  duration delay{}; ///< For restart.
};

/// The memory of one child.
class restart_history {
public:
  restart_history(rule when, intensity limit) : when_(when), limit_(limit) {}

  /// The child ended. @param failed whether by an error (a crash, a kill) and not by itself.
  verdict on_exit(bool failed, time_point now);

  /// Restarts within the window that ends now.
  std::size_t recent(time_point now) const;

private:
  rule when_;
  intensity limit_;
  std::deque<time_point> restarts_;
};

} // namespace fabric::supervision
