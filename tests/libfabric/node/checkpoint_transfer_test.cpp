#include "fabric/node/checkpoint_transfer.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::node;

namespace {

constexpr time_point start{std::chrono::hours{1000}};
const error away{errc::unavailable, "node b1 is not here now", {}};

transfer_order order(duration kept_work = 5s) { return {7, 3, "work", "b1", kept_work, start + 9s}; }

struct bench {
  checkpoint_transfer machine{order()};

  template <class Event> transfer_effects tell(Event what, duration when = 0s) {
    return machine.handle(std::move(what), start + when);
  }
};

/// The kinds of effects, as their places in the variant.
std::vector<std::size_t> kinds(const transfer_effects& all) {
  std::vector<std::size_t> found;
  for (const auto& e : all) found.push_back(e.index());
  return found;
}

template <class Effect> std::size_t kind() { return transfer_effect{Effect{}}.index(); }

std::optional<std::string> lost(const transfer_effects& all) { return std::get<transfer_settled>(all.back()).lost; }

listing_came listing() {
  return {std::vector<kept_file>{{"d", kept_kind::directory, 0755, 0, {}},
                                 {"d/empty", kept_kind::file, 0644, 0, {}},
                                 {"d/data", kept_kind::file, 0600, 100, {}},
                                 {"latest", kept_kind::link, 0777, 0, "d/data"}}};
}

} // namespace

TEST_CASE("a checkpoint is asked for file by file and put in place when it is whole", "[checkpoint]") {
  bench b;
  CHECK(kinds(b.tell(transfer_begins{})) == std::vector{kind<ask_listing>()});
  auto out = b.tell(listing());
  REQUIRE(kinds(out) ==
          std::vector{kind<begin_copy>(), kind<make_kept>(), kind<make_kept>(), kind<make_kept>(), kind<ask_piece>()});
  CHECK(std::get<ask_piece>(out.back()).path == "d/data");
  out = b.tell(piece_came{kept_piece{std::string(60, 'x'), 0, 100}});
  REQUIRE(kinds(out) == std::vector{kind<write_kept>(), kind<ask_piece>()});
  CHECK(std::get<ask_piece>(out.back()).offset == 60);
  out = b.tell(piece_came{kept_piece{std::string(20, 'x'), 80, 100}}); // Behind a hole.
  REQUIRE(kinds(out) ==
          std::vector{kind<write_kept>(), kind<make_kept>(), kind<put_in_place>(), kind<transfer_settled>()});
  CHECK(std::get<write_kept>(out[0]).piece.offset == 80);
  CHECK_FALSE(lost(out));
  CHECK(b.tell(transfer_tick{}).empty());
}

TEST_CASE("without a node to ask what is here is cleared, and nothing is lost", "[checkpoint]") {
  checkpoint_transfer machine{{7, 3, "work", "", 5s, start + 9s}};
  const auto out = machine.handle(transfer_begins{}, start);
  CHECK(kinds(out) == std::vector{kind<clear_kept>(), kind<transfer_settled>()});
  CHECK_FALSE(lost(out));
}

TEST_CASE("a node that is away is waited for while work is kept there and there is time", "[checkpoint]") {
  bench b;
  b.tell(transfer_begins{});
  const auto out = b.tell(listing_came{tl::unexpected(away)}, 1s);
  REQUIRE(kinds(out) == std::vector{kind<tick_at>()});
  CHECK(std::get<tick_at>(out[0]).at == start + 1500ms);
  CHECK(kinds(b.tell(transfer_tick{}, 1500ms)) == std::vector{kind<ask_listing>()});
  SECTION("until it is back") {
    CHECK(b.tell(listing(), 2s).size() == 5);
    CHECK(kinds(b.tell(piece_came{tl::unexpected(away)}, 3s)) == std::vector{kind<tick_at>()});
    CHECK(kinds(b.tell(transfer_tick{}, 3500ms)) == std::vector{kind<ask_listing>()});
    CHECK(kinds(b.tell(listing(), 4s)).front() == kind<begin_copy>()); // From the start: it may be another by now.
  }
  SECTION("not longer than that") {
    const auto end = b.tell(listing_came{tl::unexpected(away)}, 8600ms);
    CHECK(kinds(end) == std::vector{kind<clear_kept>(), kind<transfer_settled>()});
    CHECK(lost(end) == "what was saved on node b1 could not be had: node b1 is not here now");
  }
}

TEST_CASE("what nobody called a checkpoint is not waited for, and not missed", "[checkpoint]") {
  checkpoint_transfer machine{order(0s)};
  machine.handle(transfer_begins{}, start);
  const auto out = machine.handle(listing_came{tl::unexpected(away)}, start);
  CHECK(kinds(out) == std::vector{kind<clear_kept>(), kind<transfer_settled>()});
  CHECK_FALSE(lost(out));
}

TEST_CASE("a checkpoint that is gone, too late, or more than the disk takes, is lost", "[checkpoint]") {
  bench b;
  b.tell(transfer_begins{});
  SECTION("gone") {
    CHECK(lost(b.tell(listing_came{})) == "what was saved on node b1 could not be had: there is nothing");
  }
  SECTION("more than is told") {
    CHECK(lost(b.tell(listing_came{fail(errc::too_large, "more than 10000 files")}))->ends_with("10000 files"));
  }
  SECTION("too late") {
    b.tell(listing());
    const auto out = b.tell(piece_came{kept_piece{"x", 0, 100}}, 9001ms);
    CHECK(kinds(out) == std::vector{kind<clear_kept>(), kind<transfer_settled>()});
    CHECK(lost(out)->ends_with("it did not come in time"));
  }
  SECTION("the disk is full") {
    b.tell(listing());
    const auto out = b.tell(copy_failed{{errc::disk_full, "no space left on device", {}}});
    CHECK(kinds(out) == std::vector{kind<clear_kept>(), kind<transfer_settled>()});
    CHECK(lost(out)->find("no space left") != std::string::npos);
  }
}
