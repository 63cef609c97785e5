#include "fabric/tls/session.hpp"

#include "tests/libfabric/tls/cell.hpp"

#include <string_view>

using namespace fabric;
using namespace fabric::tls;

namespace {

std::string moved_between(session& from, session& to, std::string_view text) {
  std::size_t sent = 0, got = 0;
  REQUIRE(from.write(text.data(), text.size(), sent) == step::done);
  REQUIRE(sent == text.size());
  std::string all(text.size(), '\0');
  for (std::size_t n = 0; got < all.size(); got += n)
    REQUIRE(to.read(all.data() + got, all.size() - got, n) == step::done);
  return all;
}

/// Why the dialled side refused a client with these credentials; empty: it did not.
std::string refused_by_server(const cell& c, const credentials& of_client) {
  pair_of_sessions both{context::make(of_client).value(), c.context_of(role::scheduler)};
  both.shake_hands();
  CHECK_FALSE(both.server->established());
  CHECK_FALSE(both.client->failure().empty());
  return both.server->failure();
}

std::string refused_by_client(const cell& c, const credentials& of_server) {
  pair_of_sessions both{c.context_of(role::client), context::make(of_server).value()};
  both.shake_hands();
  CHECK_FALSE(both.client->established());
  return both.client->failure();
}

bool says(const std::string& text, std::string_view words) {
  INFO(text);
  return text.find(words) != std::string::npos;
}

} // namespace

TEST_CASE("two of a cell talk and know each other", "[tls]") {
  const cell c;
  for (const auto what : {role::client, role::node, role::scheduler}) {
    pair_of_sessions both{c.context_of(what, "x"), c.context_of(role::scheduler, "s1")};
    both.shake_hands();
    REQUIRE(both.both_well());
    CHECK(both.client->peer() == identity{role::scheduler, "s1"});
    CHECK(both.server->peer() == identity{what, "x"});
    CHECK(moved_between(*both.client, *both.server, "hello") == "hello");
    CHECK(moved_between(*both.server, *both.client, std::string(100'000, 'x')).size() == 100'000);
  }
}

TEST_CASE("nothing to do is no failure", "[tls]") {
  const cell c;
  pair_of_sessions both{c.context_of(role::client), c.context_of(role::scheduler)};
  CHECK(both.server->handshake() == step::want_read);
  both.shake_hands();
  char byte = 0;
  std::size_t n = 7;
  CHECK(both.server->read(&byte, 1, n) == step::want_read);
  CHECK(n == 0);
  CHECK(both.client->peek() == step::want_read);
  CHECK(moved_between(*both.server, *both.client, "ab") == "ab");
}

TEST_CASE("a peek takes nothing away", "[tls]") {
  const cell c;
  pair_of_sessions both{c.context_of(role::client), c.context_of(role::scheduler)};
  both.shake_hands();
  std::size_t n = 0;
  REQUIRE(both.server->write("xyz", 3, n) == step::done);
  CHECK(both.client->peek() == step::done);
  CHECK(both.client->pending() == 3);
  std::array<char, 8> into{};
  CHECK(both.client->read(into.data(), into.size(), n) == step::done);
  CHECK(std::string_view(into.data(), n) == "xyz");
}

TEST_CASE("the end of a connection fails without a word", "[tls]") {
  const cell c;
  pair_of_sessions both{c.context_of(role::client), c.context_of(role::scheduler)};
  both.shake_hands();
  both.hang_up(0);
  char byte = 0;
  std::size_t n = 0;
  CHECK(both.server->read(&byte, 1, n) == step::failed);
  CHECK(both.server->failure().empty());
}

TEST_CASE("a client is refused that has another cell's certificate or one that is not good now", "[tls]") {
  const cell c, other;
  auto stranger = other.of(role::client);
  stranger.authority = c.authority.certificate; // It believes us; we do not believe it.
  const auto words = refused_by_server(c, stranger);
  CHECK(says(words, "certificate"));
  CHECK(says(refused_by_server(c, c.of(role::client, "a", -2 * one_day, -one_day)), "expired"));
  CHECK(says(refused_by_server(c, c.of(role::client, "a", one_day, 2 * one_day)), "not yet valid"));
}

TEST_CASE("a client refuses a server of another cell, one that is not good now, and one that is no scheduler",
          "[tls]") {
  const cell c, other;
  CHECK(says(refused_by_client(c, other.of(role::scheduler)), "certificate is refused"));
  CHECK(says(refused_by_client(c, c.of(role::scheduler, "a", -2 * one_day, -one_day)), "expired"));
  CHECK(says(refused_by_client(c, c.of(role::scheduler, "a", one_day, 2 * one_day)), "not yet valid"));
  CHECK(says(refused_by_client(c, c.of(role::node, "w1")), "node w1, and no scheduler"));
  CHECK_FALSE(refused_by_client(c, c.of(role::client, "x")).empty()); // Its certificate is not for being dialled.
}

TEST_CASE("a revoked certificate is refused from the next handshake on", "[tls]") {
  const cell c;
  const scratch s;
  const auto list = s.root + "/revoked";
  const auto mine = c.of(role::client);
  const auto server = context::make(c.of(role::scheduler), revocations_of(list)).value();
  const auto client = context::make(mine).value();
  const auto try_it = [&] {
    pair_of_sessions both{client, server};
    both.shake_hands();
    return both.server->established() ? std::string{"ok"} : both.server->failure();
  };
  CHECK(try_it() == "ok");
  REQUIRE(write_whole(list, "1234 node other\n", 0600));
  CHECK(try_it() == "ok");
  REQUIRE(write_whole(list, "1234 node other\n" + describe(mine.certificate)->serial + " client a\n", 0600));
  CHECK(says(try_it(), "revoked"));
  std::filesystem::remove(list);
  CHECK(try_it() == "ok");
}

TEST_CASE("plain text at a port of the cell is refused and disturbs no other connection", "[tls]") {
  const cell c;
  const auto server = c.context_of(role::scheduler);
  pair_of_sessions well{c.context_of(role::client), server};
  well.shake_hands();
  for (const std::string_view noise : {"GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\xff\xff garbage garbage garbage",
                                       "\x15\x03\x03"
                                       "\x01\x02\x02\x28"}) {
    pair_of_sessions bad{c.context_of(role::client), server};
    REQUIRE(::send(bad.ends[0], noise.data(), noise.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(noise.size()));
    bad.hang_up(0);
    CHECK(bad.server->handshake() == step::failed);
    char byte = 0;
    std::size_t n = 0;
    CHECK(well.server->read(&byte, 1, n) == step::want_read);
    CHECK(moved_between(*well.client, *well.server, "still here") == "still here");
  }
}

TEST_CASE("a context wants credentials that name somebody and fit together", "[tls]") {
  const cell c;
  auto swapped = c.of(role::node);
  swapped.key = c.of(role::node).key;
  CHECK_FALSE(context::make(swapped));
  credentials authority_itself{c.authority.certificate, c.authority.certificate, c.authority.key, "ca.pem"};
  CHECK(context::make(authority_itself).error().code == errc::bad_input);
  auto nothing = c.of(role::node);
  nothing.certificate.clear();
  CHECK(context::make(nothing).error().code == errc::bad_input);
}
