#pragma once

#include "fabric/error.hpp"
#include "fabric/job/job.hpp"
#include "fabric/node/kept_file.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

/// Brings what earlier attempts of a job left on another node, before the next one starts here: asks for the list, then
/// for the files piece by piece. Whatever goes wrong, what this node kept of older attempts is out of sight at the end.
/// Pure.
///
///   asking for the list --listing--> copying --last piece--> settled
///        ^                              |
///        '--- later, while it is worth the wait ---'  else settled with nothing
namespace fabric::node {

struct transfer_order {
  fence_t fence = 0;
  job_id job = 0;
  std::string job_class;
  std::string from;     ///< Empty: nothing is to be found.
  duration kept_work{}; ///< Zero: nobody called it a checkpoint; it is not waited for.
  time_point until{};   ///< Without it by then, the attempt starts with nothing.
};

// -- events -----------------------------------------------------------------------------------------------------------

struct transfer_begins {};
struct listing_came {
  expected<std::vector<kept_file>> files;
};
/// The bytes of the file that was asked for, from `offset`, which may lie behind what was asked: a hole.
struct kept_piece {
  std::string bytes;
  std::uint64_t offset = 0;
  std::uint64_t size = 0; ///< Of the file.
};
struct piece_came {
  expected<kept_piece> piece;
};
struct transfer_tick {};
/// This node's disk refused.
struct copy_failed {
  error why;
};
using transfer_event = std::variant<transfer_begins, listing_came, piece_came, transfer_tick, copy_failed>;

// -- effects ----------------------------------------------------------------------------------------------------------

struct ask_listing {};
struct ask_piece {
  std::string path;
  std::uint64_t offset = 0;
};
/// An empty copy, instead of one that was begun before.
struct begin_copy {};
struct make_kept {
  kept_file what;
};
struct write_kept {
  std::string path;
  kept_piece piece;
};
/// The copy takes the place of what is here.
struct put_in_place {};
/// What is here goes, and a copy that was begun.
struct clear_kept {};
struct tick_at {
  time_point at{};
};
/// Said once, last.
struct transfer_settled {
  std::optional<std::string> lost; ///< Work was kept and is lost: why.
};
using transfer_effect = std::variant<ask_listing, ask_piece, begin_copy, make_kept, write_kept, put_in_place,
                                     clear_kept, tick_at, transfer_settled>;
using transfer_effects = std::vector<transfer_effect>;

class checkpoint_transfer {
public:
  explicit checkpoint_transfer(transfer_order what) : what_(std::move(what)) {}

  const transfer_order& order() const { return what_; }
  /// Events after `transfer_settled` change nothing.
  transfer_effects handle(transfer_event what, time_point now);

private:
  void on(const transfer_begins& e, time_point now);
  void on(listing_came& e, time_point now);
  void on(piece_came& e, time_point now);
  void on(const transfer_tick& e, time_point now);
  void on(const copy_failed& e, time_point now);

  void go_on();
  void fail(const error& why, time_point now);
  void settle_empty(const std::string& why);

  transfer_order what_;
  std::vector<kept_file> files_;
  std::size_t next_ = 0; ///< In files_.
  std::string asked_;    ///< Path of the file whose piece is on its way.
  bool settled_ = false;
  transfer_effects out_;
};

} // namespace fabric::node
