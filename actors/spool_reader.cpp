#include "actors/compat.hpp"
#include "actors/messages.hpp"
#include "actors/overview.hpp"
#include "actors/readers.hpp"

#include <algorithm>
#include <map>

namespace fabric::actors {

namespace {

class spool_reader_shell : public spool_reader_actor::base {
public:
  spool_reader_shell(caf::actor_config& cfg, std::string node, std::shared_ptr<store::job_reader> db)
      : spool_reader_actor::base(cfg), node_(std::move(node)), db_(std::move(db)) {
    harden(this);
  }

  const char* name() const override { return "fabric.spool_reader"; }

  void on_exit() override {
    db_.reset(); // Whoever still holds a handle keeps no connection open.
    files_ = nullptr;
    nodes_.clear();
  }

  behavior_type make_behavior() override {
    return {
        [this](read_log m) { return read(m); },
        [this](list_checkpoint& m) { return ask_keeper<checkpoint_listing>(std::move(m)); },
        [this](read_checkpoint& m) { return ask_keeper<spool_piece>(std::move(m)); },
        [this](directory_entry& m) { meet(m); },
    };
  }

private:
  caf::result<log_piece> read(const read_log& m) {
    log_piece reply;
    const auto row = db_->find(m.id);
    const auto attempts = db_->attempts(m.id);
    if (!row || !attempts) return failed(std::move(reply), !row ? row.error() : attempts.error());
    // Whether it has ended is asked before the file is read: what comes after the end is not missed then.
    const auto number = m.attempt != 0 ? m.attempt : row->attempt;
    const auto which =
        std::find_if(attempts->begin(), attempts->end(), [&](const auto& a) { return a.number == number; });
    reply.attempt = number;
    reply.more_attempts = !is_final(row->state) || number < row->attempt;
    if (which == attempts->end()) {
      if (m.attempt == 0) return reply; // Not started yet.
      return failed(std::move(reply),
                    {errc::not_found, "job " + std::to_string(m.id) + " has no attempt " + std::to_string(number), ""});
    }
    const read_spool question{m.id, number, m.from_stderr, m.offset, m.limit};
    if (which->node == node_) return ask_node(files_, question, std::move(reply), *which);
    return ask_node(nodes_[which->node], question, std::move(reply), *which);
  }

  template <class To>
  caf::result<log_piece> ask_node(const To& to, const read_spool& question, log_piece reply, const attempt& which) {
    if (!to)
      return failed(std::move(reply),
                    {errc::unavailable, "its output is on node " + which.node + ", which is not here now", ""});
    auto promise = make_response_promise<log_piece>();
    ask(this, to, other_node_limit, question)
        .then([promise, reply, which](spool_piece& piece) mutable { promise.deliver(filled(reply, piece, which)); },
              [promise, reply, node = which.node](caf::error&) mutable {
                promise.deliver(failed(std::move(reply), {errc::unavailable, "node " + node + " does not answer", ""}));
              });
    return promise;
  }

  /// Of the node that has a job's checkpoint.
  template <class Reply, class Question> caf::result<Reply> ask_keeper(Question m) {
    const auto node = m.node;
    const auto away = refused<Reply>({errc::unavailable, "node " + node + " is not here now", ""});
    auto promise = make_response_promise<Reply>();
    const auto ask_it = [&](const auto& to) {
      if (!to) return promise.deliver(away);
      ask(this, to, other_node_limit, std::move(m))
          .then([promise](Reply& said) mutable { promise.deliver(std::move(said)); },
                [promise, away](caf::error&) mutable { promise.deliver(away); });
    };
    node == node_ ? ask_it(files_) : ask_it(nodes_[node]);
    return promise;
  }

  static log_piece filled(log_piece& reply, spool_piece& piece, const attempt& which) {
    const bool ended = which.ended_at != no_time;
    if (piece.failure && piece.failure->code == errc::not_found) {
      reply.complete = ended; // If not: leased, and not forked yet.
      reply.gone = ended && which.started_at.time_since_epoch().count() != 0;
      return std::move(reply);
    }
    if (piece.failure) return failed(std::move(reply), std::move(*piece.failure));
    reply.next_offset = piece.offset + piece.bytes.size();
    reply.skipped = piece.skipped;
    reply.complete = ended && reply.next_offset >= piece.size;
    reply.bytes = std::move(piece.bytes);
    return std::move(reply);
  }

  static log_piece failed(log_piece reply, error why) {
    reply.failure = std::move(why);
    return reply;
  }

  void meet(const directory_entry& m) {
    if (m.name == "spool_files") files_ = caf::actor_cast<spool_files_actor>(m.actor);
    if (m.name.starts_with("node/")) nodes_[m.name.substr(5)] = caf::actor_cast<node_face_actor>(m.actor);
  }

  std::string node_; ///< This one.
  std::shared_ptr<store::job_reader> db_;
  spool_files_actor files_;
  std::map<std::string, node_face_actor> nodes_; ///< Null while a node is away.
};

} // namespace

spool_reader_actor spawn_spool_reader(caf::actor_system& sys, std::string node, std::shared_ptr<store::job_reader> db,
                                      spawn_as how) {
  return spawn_shell<spool_reader_shell>(sys, how == spawn_as::detached, std::move(node), std::move(db));
}

} // namespace fabric::actors
