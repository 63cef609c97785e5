#include "fabric/exec/checkpoint_copy.hpp"
#include "fabric/exec/checkpoint_files.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace fabric;
using namespace fabric::exec;
namespace fs = std::filesystem;

namespace {

/// Two nodes' spools.
struct two_spools {
  fs::path path;
  two_spools() {
    char name[] = "/tmp/fabric-checkpoint-test-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
    fs::create_directories(from("7"));
    fs::create_directories(path / "b");
  }
  ~two_spools() { fs::remove_all(path); }
  std::string a() const { return path / "a"; }
  std::string b() const { return path / "b"; }
  fs::path from(const std::string& name) const { return path / "a/checkpoints" / name; }
  fs::path to(const std::string& name) const { return path / "b/checkpoints" / name; }
};

void write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }
std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// As the machine has it done.
expected<void> copy(const two_spools& s, std::size_t piece_max = 1000) {
  const auto files = list_checkpoint(s.a(), 7);
  if (!files) return tl::unexpected(files.error());
  auto made = checkpoint_copy::begin(s.b(), 7, std::nullopt);
  if (!made) return tl::unexpected(made.error());
  for (const auto& f : *files) {
    if (auto ok = made->make(f); !ok) return ok;
    for (std::uint64_t at = 0; f.what == node::kept_kind::file && at < f.size;) {
      const auto piece = read_checkpoint(s.a(), 7, f.path, at, piece_max);
      if (!piece) return tl::unexpected(piece.error());
      if (auto ok = made->write(f.path, *piece); !ok) return ok;
      at = piece->offset + piece->bytes.size();
    }
  }
  return made->finish();
}

} // namespace

TEST_CASE("a copy has the files, directories, links, modes and holes of what was kept", "[checkpoint]") {
  const two_spools s;
  fs::create_directories(s.from("7/deep/er"));
  write(s.from("7/state"), std::string(2500, 'x'));
  write(s.from("7/deep/er/one"), "1");
  write(s.from("7/empty"), "");
  fs::create_symlink("deep/er/one", s.from("7/latest"));
  REQUIRE(::chmod(s.from("7/state").c_str(), 0750) == 0);
  REQUIRE(::chmod(s.from("7/deep").c_str(), 0500) == 0);
  write(s.from("7/sparse"), "begin");
  fs::resize_file(s.from("7/sparse"), 1 << 22);
  REQUIRE(::mkfifo(s.from("7/pipe").c_str(), 0600) == 0);
  REQUIRE(copy(s));
  CHECK(read(s.to("7/state")) == std::string(2500, 'x'));
  CHECK(read(s.to("7/deep/er/one")) == "1");
  CHECK(fs::file_size(s.to("7/empty")) == 0);
  CHECK(fs::read_symlink(s.to("7/latest")) == "deep/er/one");
  struct stat info {};
  REQUIRE(::stat(s.to("7/state").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0750);
  REQUIRE(::stat(s.to("7/deep").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0500);
  REQUIRE(::stat(s.to("7/sparse").c_str(), &info) == 0);
  CHECK(info.st_size == 1 << 22);
  CHECK(info.st_blocks * 512 < 1 << 20);
  CHECK_FALSE(fs::exists(s.to("7/pipe")));
  CHECK(std::distance(fs::directory_iterator{s.to("")}, {}) == 1);
  REQUIRE(::chmod(s.from("7/deep").c_str(), 0700) == 0);
  REQUIRE(::chmod(s.to("7/deep").c_str(), 0700) == 0);
}

TEST_CASE("a copy takes the place of what an older attempt left, all of it", "[checkpoint]") {
  const two_spools s;
  write(s.from("7/new"), "n");
  fs::create_directories(s.to("7/sub"));
  write(s.to("7/old"), "o");
  fs::create_directories(s.to("7.new"));
  write(s.to("7.new/half"), "h"); // Of a transfer that broke.
  fs::create_directories(s.to("7.old"));
  REQUIRE(copy(s));
  CHECK(read(s.to("7/new")) == "n");
  CHECK(std::distance(fs::directory_iterator{s.to("7")}, {}) == 1);
  CHECK(std::distance(fs::directory_iterator{s.to("")}, {}) == 1);
  fs::create_directories(s.to("8.new"));
  write(s.to("8.new/half"), "h"); // Of a process that died.
  fs::create_directories(s.to("9.old"));
  clear_broken_copies(s.b());
  CHECK(std::distance(fs::directory_iterator{s.to("")}, {}) == 1);
  REQUIRE(clear_checkpoint(s.b(), 7));
  CHECK(fs::is_empty(s.to("")));
  CHECK(clear_checkpoint(s.b(), 7));
}

TEST_CASE("what was not made is an empty list, and a file that is gone is not found", "[checkpoint]") {
  const two_spools s;
  CHECK(list_checkpoint(s.a(), 8).value().empty());
  CHECK(read_checkpoint(s.a(), 7, "none", 0, 10).error().code == errc::not_found);
  CHECK(read_checkpoint(s.a(), 8, "none", 0, 10).error().code == errc::not_found);
}

TEST_CASE("no path leads out of the directory, neither when it is read nor when it is written", "[checkpoint]") {
  const two_spools s;
  write(s.path / "a/secret", "s");
  fs::create_symlink("..", s.from("7/up"));
  fs::create_symlink("../../secret", s.from("7/file"));
  for (const auto* path : {"../secret", "", "/etc/passwd", "a//b", ".", "x/../../secret"})
    CHECK(read_checkpoint(s.a(), 7, path, 0, 10).error().code == errc::bad_input);
  CHECK(read_checkpoint(s.a(), 7, "up/7/file", 0, 10).error().code == errc::not_found);
  CHECK(read_checkpoint(s.a(), 7, "file", 0, 10).error().code == errc::not_found);
  auto made = checkpoint_copy::begin(s.b(), 7, std::nullopt);
  REQUIRE(made);
  CHECK(made->make({"../out", node::kept_kind::file, 0600, 1, {}}).error().code == errc::bad_input);
  CHECK(made->make({"../out", node::kept_kind::directory, 0700, 0, {}}).error().code == errc::bad_input);
  REQUIRE(made->make({"up", node::kept_kind::link, 0777, 0, ".."}));
  CHECK_FALSE(made->make({"up/out", node::kept_kind::file, 0600, 1, {}})); // It is not there yet.
  CHECK_FALSE(made->write("up/out", {"x", 0, 1}));
  REQUIRE(made->finish());
  CHECK_FALSE(fs::exists(s.to("out")));
}

TEST_CASE("what its owner may not write is copied by who is not root, too", "[checkpoint]") {
  const two_spools s;
  fs::create_directories(s.from("7/closed"));
  write(s.from("7/closed/object"), std::string(2500, 'x'));
  REQUIRE(::chmod(s.from("7/closed/object").c_str(), 0400) == 0);
  REQUIRE(::chmod(s.from("7/closed").c_str(), 0500) == 0);
  constexpr uid_t nobody = 65534;
  const bool root = ::geteuid() == 0;
  for (const auto& item : fs::recursive_directory_iterator{s.path})
    if (root) REQUIRE(::lchown(item.path().c_str(), nobody, nobody) == 0);
  if (root) REQUIRE((::lchown(s.path.c_str(), nobody, nobody) == 0 && ::seteuid(nobody) == 0));
  const auto copied = copy(s);
  if (root) REQUIRE(::seteuid(0) == 0);
  REQUIRE(copied);
  CHECK(read(s.to("7/closed/object")).size() == 2500);
  struct stat info {};
  REQUIRE(::stat(s.to("7/closed/object").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0400);
  for (const auto& closed : {s.from("7/closed"), s.to("7/closed")}) REQUIRE(::chmod(closed.c_str(), 0700) == 0);
}

TEST_CASE("bits that give rights away are not copied", "[checkpoint]") {
  const two_spools s;
  write(s.from("7/tool"), "#!");
  REQUIRE(::chmod(s.from("7/tool").c_str(), 06755) == 0);
  REQUIRE(copy(s));
  struct stat info {};
  REQUIRE(::stat(s.to("7/tool").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0755);
}

TEST_CASE("more files than are worth it are refused by number", "[checkpoint]") {
  const two_spools s;
  for (std::size_t i = 0; i <= kept_files_max; ++i) write(s.from("7/" + std::to_string(i)), "");
  const auto refused = list_checkpoint(s.a(), 7).error();
  CHECK(refused.code == errc::too_large);
  CHECK(refused.message.find("10000") != std::string::npos);
}
