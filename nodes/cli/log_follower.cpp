#include "nodes/cli/log_follower.hpp"

#include "fabric/job/strict_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace fabric::cli {

log_follower::log_follower(session& s, job_id id, std::uint32_t attempt, bool from_stderr, bool to_stderr)
    : s_(s), id_(id), attempt_(attempt), only_this_(attempt != 0), from_stderr_(from_stderr), to_stderr_(to_stderr) {}

expected<actors::log_piece> log_follower::read(std::uint32_t attempt, std::uint64_t offset) {
  return s_.insist(
      [&] { return s_.cell.read_log({.id = id_, .attempt = attempt, .from_stderr = from_stderr_, .offset = offset}); });
}

expected<bool> log_follower::step() {
  if (ended_) return look_for_next();
  auto piece = read(attempt_, offset_);
  if (!piece) return tl::unexpected{piece.error()};
  return take(std::move(*piece));
}

/// The attempt has ended but the job had not: either there is a newer attempt now, or the job ended, or neither yet.
expected<bool> log_follower::look_for_next() {
  auto next = read(attempt_ + 1, 0);
  if (next) {
    ended_ = false;
    offset_ = 0;
    return take(std::move(*next));
  }
  if (next.error().code != errc::not_found) return tl::unexpected{next.error()};
  auto again = read(attempt_, offset_);
  if (!again) return tl::unexpected{again.error()};
  finished_ = !again->more_attempts;
  return false;
}

expected<bool> log_follower::take(actors::log_piece piece) {
  if (piece.gone) {
    auto why = "the output of attempt " + std::to_string(piece.attempt) + " of job " + std::to_string(id_) +
               " is not kept any more";
    if (only_this_ || !piece.more_attempts) return fail(errc::not_found, std::move(why));
    s_.screen.notice(why);
  }
  const auto begin = piece.next_offset - piece.bytes.size();
  for (const auto& chunk : joiner_.feed(begin, piece.skipped, piece.bytes, piece.complete)) print(piece.attempt, chunk);
  s_.screen.flush();
  attempt_ = piece.attempt;
  offset_ = std::max(offset_, piece.next_offset);
  if (piece.complete || piece.attempt == 0) {
    ended_ = piece.complete;
    finished_ = only_this_ ? piece.complete : !piece.more_attempts;
  }
  return !piece.bytes.empty();
}

void log_follower::print(std::uint32_t attempt, const log_chunk& chunk) {
  if (s_.call.json) {
    s_.screen.line(json_text({{"job", id_},
                              {"attempt", attempt},
                              {"stream", from_stderr_ ? "stderr" : "stdout"},
                              {"offset", chunk.offset},
                              {"skipped", chunk.skipped},
                              {"text", chunk.text}}));
    return;
  }
  if (chunk.skipped > 0) s_.screen.notice("... " + std::to_string(chunk.skipped) + " bytes cut ...");
  s_.screen.write(s_.call.raw ? chunk.text : s_.screen.shown(chunk.text, to_stderr_), to_stderr_);
}

} // namespace fabric::cli
