#include "nodes/cli/text/printable.hpp"
#include "nodes/cli/text/progress_line.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>

using namespace fabric;
using namespace fabric::cli;

TEST_CASE("the bar shows the part that is done", "[cli][progress]") {
  CHECK(render_progress({"finished", 0, 10, 0, {}}, 80) == "[....................]   0%  0 of 10 finished");
  CHECK(render_progress({"finished", 5, 10, 0, {}}, 80) == "[##########..........]  50%  5 of 10 finished");
  CHECK(render_progress({"finished", 10, 10, 0, {}}, 80) == "[####################] 100%  10 of 10 finished");
}

TEST_CASE("only what is complete says 100 %", "[cli][progress]") {
  const auto text = render_progress({"finished", 999'999, 1'000'000, 0, {}}, 80);
  CHECK(text.starts_with("[###################.]  99%"));
}

TEST_CASE("failures and times are told when there are any", "[cli][progress]") {
  CHECK(render_progress({"finished", 25, 100, 2, 10s}, 100) ==
        "[#####...............]  25%  25 of 100 finished, 2 failed, 10.0 s, 30.0 s left");
  CHECK(render_progress({"finished", 0, 100, 0, 10s}, 100) == "[....................]   0%  0 of 100 finished, 10.0 s");
}

TEST_CASE("without a total there is no bar", "[cli][progress]") {
  CHECK(render_progress({"submitted", 1234, 0, 0, {}}, 80) == "1,234 submitted");
}

TEST_CASE("more than the total does not overflow the bar", "[cli][progress]") {
  CHECK(render_progress({"submitted", 11, 10, 0, {}}, 80).starts_with("[####################] 100%"));
  const auto most = std::numeric_limits<std::uint64_t>::max();
  CHECK(render_progress({"submitted", most / 2, most, 0, {}}, 200).starts_with("[#"));
}

TEST_CASE("a narrow terminal loses the bar first, then the end", "[cli][progress]") {
  const progress_state p{"finished", 5, 10, 0, {}};
  CHECK(render_progress(p, 30) == "5 of 10 finished");
  CHECK(render_progress(p, 8) == "5 of 10…");
  CHECK(columns(render_progress(p, 1)) == 1);
  CHECK(columns(render_progress(p, 0)) == 1);
}
