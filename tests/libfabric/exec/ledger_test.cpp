#include "fabric/exec/ledger.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace fabric;
using namespace fabric::exec;

namespace {

struct place {
  std::filesystem::path path;
  place() {
    char name[] = "/tmp/fabric-ledger-test-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~place() { std::filesystem::remove_all(path); }
  std::string file() const { return path / "runner.ledger"; }
};

} // namespace

TEST_CASE("a record taken and filled is there when the ledger is opened again", "[exec]") {
  const place p;
  {
    auto book = ledger::open(p.file());
    REQUIRE(book);
    const auto i = book->take();
    REQUIRE(i == 0u);
    auto& r = book->at(*i);
    r.fence = 77;
    r.lane.set("fast");
    r.cgroup.set(std::string(1000, 'x'));
    set_stop(r, stop_reason::budget);
    set_state(r, hold::running);
  }
  auto book = ledger::open(p.file());
  REQUIRE(book);
  const auto& r = book->at(0);
  CHECK(state_of(r) == hold::running);
  CHECK(r.fence == 77);
  CHECK(r.lane.str() == "fast");
  CHECK(r.cgroup.str() == std::string(255, 'x'));
  CHECK(stop_of(r) == stop_reason::budget);
}

TEST_CASE("a full ledger gives nothing until a record is released, and that one empty", "[exec]") {
  const place p;
  auto book = ledger::open(p.file());
  REQUIRE(book);
  for (std::uint32_t i = 0; i < book->size(); ++i) {
    const auto index = book->take();
    REQUIRE(index);
    book->at(*index).fence = i + 1;
    set_state(book->at(*index), hold::accepted);
  }
  CHECK_FALSE(book->take());
  book->release(500);
  CHECK(book->take() == 500u);
  CHECK(book->at(500).fence == 0);
  CHECK(state_of(book->at(499)) == hold::accepted);
}

TEST_CASE("ends are kept in the record or beside the job, and damage shows", "[exec]") {
  const place p;
  auto book = ledger::open(p.file());
  REQUIRE(book);
  auto& r = book->at(0);
  CHECK(load_end(r, p.path).error().code == errc::wrong_state);
  for (const std::size_t size : {std::size_t{1}, r.end.size(), r.end.size() + 1, std::size_t{2'000'000}}) {
    const std::string frame(size, 'e');
    CHECK(store_end(r, frame, p.path, "poor"));
    CHECK(state_of(r) == hold::ended);
    CHECK(load_end(r, p.path) == frame);
  }
  std::filesystem::resize_file(p.path / "end.mp", 1000);
  CHECK(load_end(r, p.path).error().code == errc::io_error);
  std::filesystem::remove(p.path / "end.mp");
  CHECK(load_end(r, p.path).error().code == errc::not_found);
}

TEST_CASE("an end that finds no room leaves the poor one", "[exec]") {
  const place p;
  auto book = ledger::open(p.file());
  REQUIRE(book);
  auto& r = book->at(0);
  CHECK_FALSE(store_end(r, std::string(100'000, 'e'), p.path / "nowhere", "poor"));
  CHECK(load_end(r, p.path) == "poor");
}

TEST_CASE("another process cannot open a ledger that is held", "[exec]") {
  const place p;
  const auto book = ledger::open(p.file());
  REQUIRE(book);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto second = ledger::open(p.file());
    ::_exit(!second && second.error().code == errc::wrong_state ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("what is not a ledger is refused and left alone", "[exec]") {
  const place p;
  const auto write = [&](const std::string& text) { std::ofstream(p.file(), std::ios::binary) << text; };
  write("#!/bin/sh\necho hello\n");
  CHECK(ledger::open(p.file()).error().code == errc::incompatible);
  write(std::string("fabledg\n\x63\0\0\0\0\x10\0\0\0\x04\0\0", 20));
  CHECK(ledger::open(p.file()).error().code == errc::incompatible);
  write(std::string(8u << 20, 'x'));
  CHECK(ledger::open(p.file()).error().code == errc::incompatible);
  CHECK(ledger::open("/no/such/place").error().code == errc::io_error);
  CHECK(ledger::open(p.path).error().code == errc::io_error);
}

TEST_CASE("an empty file, as a crash leaves it, is a new ledger", "[exec]") {
  const place p;
  std::ofstream(p.file()).flush();
  auto book = ledger::open(p.file());
  REQUIRE(book);
  CHECK(state_of(book->at(0)) == hold::free);
}
