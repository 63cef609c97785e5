#include "fabric/exec/checkpoint_files.hpp"
#include "fabric/exec/spool.hpp"

#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/readers.hpp"

#include <algorithm>

namespace fabric::actors {

namespace {

/// One at a time is on the way to whoever reads, so that a long log leaves room on the connection for everything else.
constexpr std::uint32_t piece_max = 64 << 10;

class spool_files_shell : public spool_files_actor::base {
public:
  spool_files_shell(caf::actor_config& cfg, std::string spool)
      : spool_files_actor::base(cfg), spool_(std::move(spool)) {
    harden(this);
  }

  const char* name() const override { return "fabric.spool_files"; }

  behavior_type make_behavior() override {
    return {
        [this](read_spool m) { return read(m); },
        [this](list_checkpoint& m) { return list(m.job); },
        [this](read_checkpoint& m) { return read(m); },
    };
  }

private:
  spool_piece read(const read_spool& m) const {
    auto piece = exec::read_file_range(exec::attempt_directory(spool_, m.job, m.attempt),
                                       m.from_stderr ? "stderr" : "stdout", m.offset, std::min(m.limit, piece_max));
    if (!piece) return {.failure = piece.error()};
    return {{}, std::move(piece->bytes), piece->offset, piece->skipped, piece->size};
  }

  checkpoint_listing list(job_id job) const {
    auto files = exec::list_checkpoint(spool_, job);
    if (!files) return {.failure = files.error()};
    return {{}, std::move(*files)};
  }

  spool_piece read(const read_checkpoint& m) const {
    auto piece = exec::read_checkpoint(spool_, m.job, m.path, m.offset, piece_max);
    if (!piece) return {.failure = piece.error()};
    return {{}, std::move(piece->bytes), piece->offset, 0, piece->size};
  }

  std::string spool_;
};

} // namespace

spool_files_actor spawn_spool_files(caf::actor_system& sys, std::string spool, spawn_as how) {
  return spawn_shell<spool_files_shell>(sys, how == spawn_as::detached, std::move(spool));
}

} // namespace fabric::actors
