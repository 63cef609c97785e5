#pragma once

#include "fabric/error.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// How a node finds its cell and stays in it. Pure.
///
///   away --tick--> dialing --reached--> greeting --welcomed--> joined --lost--> away
///                     '--failed--> away     '--failed--> away
namespace fabric::node {

struct joining_settings {
  std::vector<std::string> where;                        ///< HOST:PORT, tried in turn; not empty.
  duration retry_first = std::chrono::milliseconds{250}; ///< Between two tries; doubles,
  duration retry_max = std::chrono::seconds{2};          ///< up to this: jobs wait, too.
  std::uint64_t first_session = 0; ///< A restarted machine of the same boot goes on above its last.
  double jitter = 0.3;             ///< Share of the wait that is drawn.
};

// -- events: of the try they name; older ones change nothing ----------------------------------------------------------

/// The scheduler took the connection.
struct cell_reached {
  std::uint64_t session = 0;
};
/// There is no way there, or no answer, or a refusal.
struct cell_failed {
  std::uint64_t session = 0;
  error why;
};
/// The hello was accepted.
struct cell_welcomed {
  std::uint64_t session = 0;
};
/// The scheduler cannot be heard any more.
struct cell_lost {
  std::uint64_t session = 0;
};
/// The node itself changed, in a way that a hello tells: say it anew.
struct card_changed {};
/// @param draw uniform in [0, 1).
struct joining_tick {
  double draw = 0;
};

using joining_event = std::variant<cell_reached, cell_failed, cell_welcomed, cell_lost, card_changed, joining_tick>;

// -- effects ----------------------------------------------------------------------------------------------------------

/// Look whether somebody listens there, and connect. Answered by cell_reached or cell_failed.
struct dial {
  std::uint64_t session = 0;
  std::string where;
};
/// Answered by cell_welcomed or cell_failed.
struct say_hello {
  std::uint64_t session = 0;
};
/// For the log; a reason is said once until it changes.
struct joining_news {
  std::string text;
  bool is_trouble = false;
};

using joining_effect = std::variant<dial, say_hello, joining_news>;
using joining_effects = std::vector<joining_effect>;

class joining {
public:
  explicit joining(joining_settings how);

  joining_effects handle(const joining_event& what, time_point now);
  std::optional<time_point> wake_at() const { return next_; }
  bool joined() const { return phase_ == phase::joined; }
  std::uint64_t session() const { return session_; }

private:
  enum class phase : std::uint8_t { away, dialing, greeting, joined };

  void on(const cell_reached& e, time_point now, joining_effects& out);
  void on(const cell_failed& e, time_point now, joining_effects& out);
  void on(const cell_welcomed& e, time_point now, joining_effects& out);
  void on(const cell_lost& e, time_point now, joining_effects& out);
  void on(const card_changed& e, time_point now, joining_effects& out);
  void on(const joining_tick& e, time_point now, joining_effects& out);
  void retreat(time_point now);

  joining_settings how_;
  phase phase_ = phase::away;
  std::uint64_t session_ = 0;
  std::size_t turn_ = 0; ///< Which address is next.
  duration wait_{};      ///< Before the next try.
  double draw_ = 0;      ///< The newest.
  std::optional<time_point> next_{time_point{}};
  std::string said_; ///< The last trouble.
};

} // namespace fabric::node
