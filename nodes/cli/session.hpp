#pragma once

#include "actors/client.hpp"
#include "nodes/cli/console.hpp"
#include "nodes/cli/text/exit_code.hpp"
#include "nodes/cli/text/invocation.hpp"
#include "nodes/cli/text/outage.hpp"

#include <optional>
#include <string>

/// What every command works with.
namespace fabric::cli {

class session {
public:
  explicit session(invocation what);

  const invocation call;
  actors::client cell;
  console screen;

  /// UTC, for ages and times of day.
  static time_point now();

  /// Says on stderr, or as JSON on stdout, what went wrong. Returns the exit code for it.
  exit_code failed(const error& e);

  /// Time until --timeout passes; nullopt without one.
  std::optional<duration> time_left() const;

  /// Repeats `ask` for as long as it fails with errc::unavailable, `may_repeat(error)` allows it, and the user's
  /// patience lasts.
  template <class Ask, class Allow> auto insist(Ask ask, Allow may_repeat) {
    for (;;) {
      auto reply = ask();
      if (reply || reply.error().code != errc::unavailable) {
        answered();
        return reply;
      }
      if (!may_repeat(reply.error()) || !pause(away_, reply.error())) return reply;
    }
  }
  /// The same for questions, which may always be repeated; none outlasts --timeout by more than a second.
  template <class Ask> auto insist(Ask ask) {
    return insist(
        [&] {
          cell.cap_calls(most_of_a_call());
          return ask();
        },
        [](const error&) { return true; });
  }

  /// Pauses while the fabric refuses for lack of room. Returns whether to try again: never without --patience.
  bool wait_for_room(const error& why);
  void found_room() { full_.succeeded(); }

private:
  bool pause(outage& what, const error& why); ///< Returns whether to try again.
  std::optional<duration> most_of_a_call() const;
  void answered();

  duration patience_;
  outage away_; ///< Nobody answers.
  outage full_; ///< There is no room for what is submitted.
  time_point started_;
};

} // namespace fabric::cli
