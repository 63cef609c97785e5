#include "nodes/cli/text/outage.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::cli;

namespace {

constexpr time_point t0{1h};

} // namespace

TEST_CASE("a fabric that never answered is given up at once", "[cli][outage]") {
  outage away(60s, false);
  CHECK(away.failed(t0).give_up);
}

TEST_CASE("a patience that was asked for counts from the first call", "[cli][outage]") {
  outage away(60s, true);
  CHECK_FALSE(away.failed(t0).give_up);
  CHECK_FALSE(away.failed(t0 + 59s).give_up);
  CHECK(away.failed(t0 + 60s).give_up);
}

TEST_CASE("a fabric that answered is waited for as long as the patience lasts", "[cli][outage]") {
  outage away(60s, false);
  CHECK_FALSE(away.succeeded());
  CHECK_FALSE(away.failed(t0).give_up);
  CHECK(away.failed(t0 + 60s).give_up);
}

TEST_CASE("only the first failure of an outage is news, and so is its end", "[cli][outage]") {
  outage away(60s, true);
  CHECK(away.failed(t0).first);
  CHECK_FALSE(away.failed(t0 + 1s).first);
  CHECK(away.succeeded());
  CHECK_FALSE(away.succeeded());
  CHECK(away.failed(t0 + 2s).first);
}

TEST_CASE("every outage has the whole patience", "[cli][outage]") {
  outage away(60s, true);
  away.failed(t0);
  away.succeeded();
  CHECK_FALSE(away.failed(t0 + 100s).give_up);
  CHECK_FALSE(away.failed(t0 + 159s).give_up);
  CHECK(away.failed(t0 + 160s).give_up);
}

TEST_CASE("pauses grow from 100 ms to 1 s and begin again with the next outage", "[cli][outage]") {
  outage away(60s, true);
  CHECK(away.failed(t0).pause == 100ms);
  CHECK(away.failed(t0).pause == 200ms);
  CHECK(away.failed(t0).pause == 400ms);
  CHECK(away.failed(t0).pause == 800ms);
  CHECK(away.failed(t0).pause == 1s);
  CHECK(away.failed(t0).pause == 1s);
  away.succeeded();
  CHECK(away.failed(t0).pause == 100ms);
}

TEST_CASE("no patience means not even a second try", "[cli][outage]") {
  outage away(0s, true);
  CHECK(away.failed(t0).give_up);
}
