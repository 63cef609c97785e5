#include "nodes/cli/waiting.hpp"

#include "fabric/job/json.hpp"
#include "fabric/job/limits.hpp"
#include "fabric/job/strict_json.hpp"

#include "nodes/cli/text/job_text.hpp"
#include "nodes/cli/text/printable.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace fabric::cli {

namespace {

constexpr duration long_patience = 20s;
/// While more jobs are pending than one question can name, or the progress line wants to be drawn again.
constexpr duration short_patience = 1s;
constexpr auto crowded_pause = std::chrono::seconds{1};
constexpr auto idle_pause = std::chrono::milliseconds{50};
constexpr std::size_t many = 32; ///< Pending jobs from which on a question is worth the wait for more than one answer.

} // namespace

waiting::waiting(session& s, std::vector<job_id> ids, telling what)
    : s_(s), what_(what), order_(ids.begin(), ids.end()), pending_(ids.begin(), ids.end()), total_(ids.size()) {}

exit_code waiting::run() {
  for (std::size_t looked = 0; looked < total_; looked += limits::batch_jobs) {
    const auto ids = take_window();
    if (const auto stopped = look(ids); stopped != done) return worse(code_, stopped);
    give_back(ids, false);
  }
  while (!pending_.empty())
    if (const auto stopped = next(); stopped != done) return worse(code_, stopped);
  s_.screen.clear_progress();
  return code_;
}

/// Asks how these are now.
exit_code waiting::look(const std::vector<job_id>& ids) {
  auto rows = s_.insist([&] { return s_.cell.get(ids); });
  if (!rows && rows.error().code == errc::limit_reached) return pause_in_crowd(rows.error());
  if (!rows) return s_.failed(rows.error());
  std::unordered_set<job_id> known;
  for (const auto& j : *rows) {
    known.insert(j.id);
    if (is_final(j.state)) settle(j);
  }
  for (const auto id : ids)
    if (!known.contains(id)) lose(id);
  show_progress();
  return done;
}

/// Waits for the next that ends.
exit_code waiting::next() {
  if (s_.time_left() == duration{0}) {
    s_.screen.notice(left_text());
    return out_of_time;
  }
  const auto ids = take_window();
  const auto before = pending_.size();
  auto ended = s_.insist([&] { return s_.cell.wait(ids, patience()); });
  const bool crowded = !ended && ended.error().code == errc::limit_reached; // Too many wait already: ask instead.
  if (!ended && !crowded) return s_.failed(ended.error());
  if (crowded) pause_in_crowd(ended.error());
  if (crowded || ended->empty()) {
    if (const auto stopped = look(ids); stopped != done) return stopped;
    give_back(ids, false);
    if (pending_.size() == before) std::this_thread::sleep_for(idle_pause);
    return done;
  }
  for (const auto& j : *ended)
    if (is_final(j.state)) settle(j);
  give_back(ids, true);
  show_progress();
  if (pending_.size() > many) std::this_thread::sleep_for(idle_pause);
  return done;
}

void waiting::settle(const job& ended) {
  if (pending_.erase(ended.id) == 0) return;
  if (ended.state != job_state::succeeded) {
    ++failed_;
    code_ = worse(code_, job_failed);
  }
  tell(ended);
}

void waiting::tell(const job& ended) {
  if (what_ == telling::every_end)
    s_.screen.line(s_.call.json ? json_text(to_json(ended)) : ended_line(ended, s_.screen.out()));
  else if (ended.state != job_state::succeeded)
    s_.screen.notice(ended_line(ended, {}));
}

/// There is no room for one who waits: it asks instead, now and then.
exit_code waiting::pause_in_crowd(const error& why) {
  if (what_ == telling::every_end && !std::exchange(told_crowd_, true))
    s_.screen.notice(printable(why.message) + "; asking once a second instead");
  std::this_thread::sleep_for(std::min<duration>(crowded_pause, s_.time_left().value_or(crowded_pause)));
  return done;
}

std::string waiting::left_text() const {
  if (total_ == 1) return "job " + std::to_string(*pending_.begin()) + " has not ended in time; it goes on";
  return std::to_string(pending_.size()) + " of " + std::to_string(total_) + " jobs have not ended in time; they go on";
}

void waiting::lose(job_id id) {
  pending_.erase(id);
  ++failed_;
  code_ = worse(code_, s_.failed({errc::not_found, "there is no job " + std::to_string(id), ""}));
}

void waiting::show_progress() {
  s_.screen.flush();
  if (what_ == telling::failures_only || (total_ < 2 && pending_.empty())) return;
  s_.screen.progress({.verb = "finished",
                      .done = total_ - pending_.size(),
                      .total = total_,
                      .failed = failed_,
                      .elapsed = std::chrono::duration_cast<duration>(std::chrono::steady_clock::now() - started_)});
}

/// The next that may be named in one question, taken out of the order.
std::vector<job_id> waiting::take_window() {
  std::vector<job_id> ids;
  while (!order_.empty() && ids.size() < limits::batch_jobs) {
    if (pending_.contains(order_.front())) ids.push_back(order_.front());
    order_.pop_front();
  }
  return ids;
}

void waiting::give_back(const std::vector<job_id>& window, bool to_front) {
  if (to_front)
    order_.insert(order_.begin(), window.begin(), window.end());
  else
    order_.insert(order_.end(), window.begin(), window.end());
}

duration waiting::patience() const {
  const bool draws = what_ == telling::every_end && s_.screen.draws_progress();
  const auto wanted = pending_.size() > limits::batch_jobs || draws ? short_patience : long_patience;
  return std::min(wanted, s_.time_left().value_or(wanted));
}

} // namespace fabric::cli
