#include "nodes/cli/log_follower.hpp"

#include "fabric/job/strict_json.hpp"

#include "nodes/cli/text/printable.hpp"

#include <nlohmann/json.hpp>

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

bool log_follower::take(actors::log_piece piece) {
  auto bytes = std::string_view(piece.bytes);
  if (s_.call.json && !piece.complete) bytes = bytes.substr(0, whole_characters(bytes));
  const auto begin = piece.next_offset - piece.bytes.size();
  if (s_.call.json && !bytes.empty())
    s_.screen.line(json_text({{"job", id_},
                              {"attempt", piece.attempt},
                              {"stream", from_stderr_ ? "stderr" : "stdout"},
                              {"offset", begin},
                              {"text", std::string(bytes)}}));
  else
    s_.screen.write(bytes, to_stderr_);
  s_.screen.flush();
  attempt_ = piece.attempt;
  if (piece.next_offset > offset_) offset_ = begin + bytes.size();
  if (piece.complete || piece.attempt == 0) {
    ended_ = piece.complete;
    finished_ = only_this_ ? piece.complete : !piece.more_attempts;
  }
  return !bytes.empty();
}

} // namespace fabric::cli
