#include "nodes/cli/text/batch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace fabric;
using namespace fabric::cli;

namespace {

job_spec of_size(std::size_t bytes) {
  job_spec spec;
  spec.input = std::string(bytes, '1');
  return spec;
}

} // namespace

TEST_CASE("a batch takes no more than one message may hold", "[cli][batch]") {
  batch b;
  for (std::size_t i = 0; i < limits::batch_jobs; ++i) {
    REQUIRE(b.has_room(of_size(1)));
    b.add({i + 1, of_size(1)});
  }
  CHECK_FALSE(b.has_room(of_size(1)));
  const auto items = b.take();
  CHECK(items.size() == limits::batch_jobs);
  CHECK(items.back().line == limits::batch_jobs);
  CHECK(b.empty());
  CHECK(b.has_room(of_size(1)));
}

TEST_CASE("a batch is bounded in bytes", "[cli][batch]") {
  batch b;
  const auto piece = limits::input_bytes;
  std::size_t taken = 0;
  while (b.has_room(of_size(piece))) {
    b.add({1, of_size(piece)});
    ++taken;
    REQUIRE(taken <= limits::batch_bytes / piece);
  }
  CHECK(taken == limits::batch_bytes / piece - 1); // A job counts for a little more than its input.
  b.take();
  CHECK(b.has_room(of_size(piece)));
}

TEST_CASE("everything about a job counts, so that the smallest limit takes a whole batch", "[cli][batch]") {
  config::root all;
  all.limits.max_inflight_submits = limits::batch_bytes; // The least that a configuration may say.
  job_spec wordy = of_size(16 << 10);
  for (char c = 'a'; c < 'a' + 16; ++c) wordy.labels[std::string(64, c)] = std::string(255, 'v');
  batch b;
  std::uint64_t sum = 0;
  for (; b.has_room(wordy); sum += scheduler::submission_bytes(wordy)) b.add({1, wordy});
  CHECK(b.take().size() < limits::batch_jobs);
  CHECK(sum <= all.limits.max_inflight_submits);
}

TEST_CASE("an empty batch has room for one of any size", "[cli][batch]") {
  CHECK(batch{}.has_room(of_size(limits::batch_bytes + 1)));
}

TEST_CASE("a batch may be repeated only if every job has a key", "[cli][batch]") {
  auto keyed = of_size(1);
  keyed.idempotency_key = "k";
  CHECK(is_repeatable({keyed, keyed}));
  CHECK_FALSE(is_repeatable({keyed, of_size(1)}));
}

TEST_CASE("a refusal for lack of room may be followed by another answer", "[cli][batch]") {
  for (const auto code : {errc::limit_reached, errc::disk_full, errc::draining}) CHECK(is_for_lack_of_room(code));
  for (const auto code : {errc::bad_input, errc::key_conflict, errc::unavailable})
    CHECK_FALSE(is_for_lack_of_room(code));
}
