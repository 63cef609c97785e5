#include "fabric/exec/protocol.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric;
using namespace fabric::exec;

TEST_CASE("frames come out whole however the bytes come in", "[exec]") {
  const auto stream = encode(to_runner(forget{1})) + encode(to_runner(leave{})) + encode(to_runner(resize{3}));
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    frame_reader reader;
    std::string out;
    std::size_t count = 0;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.feed(std::string_view(stream).substr(at, step));
      for (auto body = reader.next(); body && *body; body = reader.next()) {
        const auto m = decode_to_runner(**body);
        REQUIRE(m);
        out += encode(*m);
        ++count;
      }
    }
    CHECK(count == 3);
    CHECK(out == stream);
  }
}

TEST_CASE("an empty reader and half a length need more", "[exec]") {
  frame_reader reader;
  CHECK_FALSE(reader.next()->has_value());
  reader.feed(std::string("\x01\0\0", 3));
  CHECK_FALSE(reader.next()->has_value());
}

TEST_CASE("a frame of 4 MiB is read and a byte more is refused at its length", "[exec]") {
  frame_reader fits;
  fits.feed(std::string("\0\0\x40\0", 4));
  fits.feed(std::string(frame_max, 'x'));
  CHECK((*fits.next())->size() == frame_max);
  frame_reader mad;
  mad.feed(std::string("\x01\0\x40\0", 4));
  CHECK(mad.next().error().code == errc::too_large);
}
