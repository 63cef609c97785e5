#include "fabric/exec/spool.hpp"

#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/readers.hpp"

#include <algorithm>

namespace fabric::actors {

namespace {

constexpr std::uint32_t piece_max = 64 << 10;

class spool_reader_shell : public spool_reader_actor::base {
public:
  spool_reader_shell(caf::actor_config& cfg, std::string spool, std::shared_ptr<store::job_reader> db)
      : spool_reader_actor::base(cfg), spool_(std::move(spool)), db_(std::move(db)) {
    harden(this);
  }

  const char* name() const override { return "fabric.spool_reader"; }

  void on_exit() override { db_.reset(); } // Whoever still holds a handle keeps no connection open.

  behavior_type make_behavior() override {
    return {[this](read_log m) { return read(m); }};
  }

private:
  log_piece read(const read_log& m) {
    log_piece reply;
    const auto row = db_->find(m.id);
    const auto attempts = db_->attempts(m.id);
    if (!row || !attempts) return failed(reply, !row ? row.error() : attempts.error());
    // Whether it has ended is asked before the file is read: what comes after the end is not missed then.
    const auto number = m.attempt != 0 ? m.attempt : row->attempt;
    const auto which =
        std::find_if(attempts->begin(), attempts->end(), [&](const auto& a) { return a.number == number; });
    reply.attempt = number;
    reply.more_attempts = !is_final(row->state) || number < row->attempt;
    if (which == attempts->end()) {
      if (m.attempt == 0) return reply; // Not started yet.
      return failed(reply,
                    {errc::not_found, "job " + std::to_string(m.id) + " has no attempt " + std::to_string(number), ""});
    }
    const bool ended = which->ended_at != no_time;
    auto piece = exec::read_file_range(exec::attempt_directory(spool_, m.id, number),
                                       m.from_stderr ? "stderr" : "stdout", m.offset, std::min(m.limit, piece_max));
    if (!piece && piece.error().code == errc::not_found) {
      reply.complete = ended; // If not: leased, and not forked yet.
      reply.gone = ended && which->started_at.time_since_epoch().count() != 0;
      return reply;
    }
    if (!piece) return failed(reply, piece.error());
    reply.next_offset = piece->offset + piece->bytes.size();
    reply.skipped = piece->skipped;
    reply.complete = ended && reply.next_offset >= piece->size;
    reply.bytes = std::move(piece->bytes);
    return reply;
  }

  static log_piece failed(log_piece& reply, error why) {
    reply.failure = std::move(why);
    return std::move(reply);
  }

  std::string spool_;
  std::shared_ptr<store::job_reader> db_;
};

} // namespace

spool_reader_actor spawn_spool_reader(caf::actor_system& sys, std::string spool, std::shared_ptr<store::job_reader> db,
                                      spawn_as how) {
  return spawn_shell<spool_reader_shell>(sys, how == spawn_as::detached, std::move(spool), std::move(db));
}

} // namespace fabric::actors
