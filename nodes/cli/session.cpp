#include "nodes/cli/session.hpp"

#include "fabric/duration_text.hpp"
#include "fabric/job/strict_json.hpp"

#include "nodes/cli/text/printable.hpp"
#include "nodes/cli/text/report_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <thread>

namespace fabric::cli {

namespace {

constexpr duration usual_patience = 60s;
constexpr duration late_answer = 1s; ///< Of a fabric that was asked to answer when the time is over.

/// For distances in time only; a wall clock that jumps does not touch it.
time_point steady() {
  return time_point{std::chrono::duration_cast<duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

} // namespace

session::session(invocation what)
    : call(std::move(what)), cell({.host = call.node.host, .port = call.node.port, .tls = call.tls}),
      patience_(call.patience.value_or(usual_patience)), away_(patience_, call.patience.has_value()),
      full_(patience_, true), started_(steady()) {}

time_point session::now() { return std::chrono::floor<duration>(std::chrono::system_clock::now()); }

exit_code session::failed(const error& e) {
  if (call.json) screen.line(json_text({{"error", to_json(e)}}));
  // The client's own errors name the address in their message.
  screen.notice(printable(e.code == errc::unavailable || actors::client::no_credentials(e) ? e.message : render(e)));
  return actors::client::no_credentials(e) ? usage : exit_code_for(e.code);
}

std::optional<duration> session::time_left() const {
  if (!call.timeout) return std::nullopt;
  return std::max(duration{0}, *call.timeout - (steady() - started_));
}

std::optional<duration> session::most_of_a_call() const {
  const auto left = time_left();
  return left ? std::optional(*left + late_answer) : std::nullopt;
}

void session::answered() {
  if (away_.succeeded()) screen.notice("reached " + cell.address() + " again");
}

bool session::wait_for_room(const error& why) { return call.patience && pause(full_, why); }

bool session::pause(outage& what, const error& why) {
  const auto next = what.failed(steady());
  if (next.give_up || time_left() == duration{0}) return false;
  if (next.first) screen.notice(printable(why.message) + "; trying again for " + format_duration(patience_));
  std::this_thread::sleep_for(std::min(next.pause, time_left().value_or(next.pause)));
  return true;
}

} // namespace fabric::cli
