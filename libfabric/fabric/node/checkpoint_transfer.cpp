#include "fabric/node/checkpoint_transfer.hpp"

#include <utility>

namespace fabric::node {

namespace {

constexpr duration patience = std::chrono::milliseconds{500}; ///< Before a node that is away is asked again.

} // namespace

transfer_effects checkpoint_transfer::handle(transfer_event what, time_point now) {
  if (!settled_) std::visit([&](auto& e) { on(e, now); }, what);
  return std::exchange(out_, {});
}

void checkpoint_transfer::on(const transfer_begins&, time_point) {
  if (what_.from.empty()) return settle_empty({});
  out_.emplace_back(ask_listing{});
}

void checkpoint_transfer::on(listing_came& e, time_point now) {
  if (!e.files) return fail(e.files.error(), now);
  files_ = std::move(*e.files);
  if (files_.empty()) return settle_empty("there is nothing");
  next_ = 0;
  out_.emplace_back(begin_copy{});
  go_on();
}

/// Makes everything up to the next file that has bytes, which are asked for.
void checkpoint_transfer::go_on() {
  while (next_ < files_.size()) {
    auto& file = files_[next_++];
    const bool has_bytes = file.what == kept_kind::file && file.size > 0;
    if (has_bytes) asked_ = file.path;
    out_.emplace_back(make_kept{std::move(file)});
    if (has_bytes) return void(out_.emplace_back(ask_piece{asked_, 0}));
  }
  settled_ = true;
  out_.emplace_back(put_in_place{});
  out_.emplace_back(transfer_settled{});
}

void checkpoint_transfer::on(piece_came& e, time_point now) {
  if (!e.piece) return fail(e.piece.error(), now);
  const auto end = e.piece->offset + e.piece->bytes.size();
  const auto size = e.piece->size;
  if (now > what_.until) return settle_empty("it did not come in time");
  if (e.piece->bytes.empty() && end < size)
    return fail({errc::io_error, "a piece of " + asked_ + " is empty", {}}, now);
  out_.emplace_back(write_kept{asked_, std::move(*e.piece)});
  if (end < size) return void(out_.emplace_back(ask_piece{asked_, end}));
  go_on();
}

void checkpoint_transfer::on(const transfer_tick&, time_point) { out_.emplace_back(ask_listing{}); }

void checkpoint_transfer::on(const copy_failed& e, time_point) {
  out_.clear();
  settle_empty(render(e.why));
}

/// A node that is started anew, or detaches for an upgrade, is back in a moment.
void checkpoint_transfer::fail(const error& why, time_point now) {
  const bool may_come = why.code == errc::unavailable && what_.kept_work > duration{0};
  const bool worth_it = may_come && now + patience < what_.until;
  if (worth_it) return void(out_.emplace_back(tick_at{now + patience}));
  settle_empty(why.message);
}

void checkpoint_transfer::settle_empty(const std::string& why) {
  settled_ = true;
  out_.emplace_back(clear_kept{});
  transfer_settled end;
  if (what_.kept_work > duration{0} && !what_.from.empty())
    end.lost = "what was saved on node " + what_.from + " could not be had: " + why;
  out_.emplace_back(std::move(end));
}

} // namespace fabric::node
