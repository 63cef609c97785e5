#pragma once

#include "fabric/tls/authority.hpp"
#include "fabric/tls/context.hpp"
#include "fabric/tls/session.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <string>

/// A cell with certificates for tests, and two ends of a connection in one thread.
namespace fabric::tls {

inline time_point wall_now() { return std::chrono::floor<duration>(std::chrono::system_clock::now()); }

constexpr duration one_day = std::chrono::hours{24};

/// A directory that goes with the test.
struct scratch {
  scratch() {
    std::string path = (std::filesystem::temp_directory_path() / "fabric-tls-XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    root = path;
  }
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  std::string root;
};

/// An authority, and credentials signed by it.
struct cell {
  key_pair authority = make_authority("test", {wall_now() - one_day, wall_now() + 9 * one_day}).value();

  credentials of(role what, const std::string& name = "a", duration begins = -one_day, duration ends = one_day) const {
    const auto made = issue(authority, {what, name}, {wall_now() + begins, wall_now() + ends}).value();
    return {authority.certificate, made.certificate, made.key, name + ".pem"};
  }

  context_ptr context_of(role what, const std::string& name = "a") const {
    return context::make(of(what, name)).value();
  }
};

/// Both ends of a connection.
struct pair_of_sessions {
  pair_of_sessions(const context_ptr& dialling, const context_ptr& dialled) {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    client = session::make(dialling, ends[0], side::dials);
    server = session::make(dialled, ends[1], side::is_dialled);
  }
  ~pair_of_sessions() {
    hang_up(0);
    hang_up(1);
  }
  pair_of_sessions(const pair_of_sessions&) = delete;
  pair_of_sessions& operator=(const pair_of_sessions&) = delete;

  void hang_up(std::size_t which) {
    if (ends.at(which) >= 0) ::close(ends[which]);
    ends[which] = -1;
  }

  /// Lets both go on until neither can; the one that fails hangs up, as its owner would.
  void shake_hands() {
    for (int i = 0; i < 10; ++i) {
      if (ends[0] >= 0 && client->handshake() == step::failed) hang_up(0);
      if (ends[1] >= 0 && server->handshake() == step::failed) hang_up(1);
    }
    if (ends[0] >= 0) client->peek(); // The verdict on its certificate comes behind its own handshake.
  }

  bool both_well() const { return client->established() && server->established() && client->failure().empty(); }

  std::array<int, 2> ends{-1, -1};
  std::unique_ptr<session> client, server;
};

} // namespace fabric::tls
