#include "fabric/exec/output_cap.hpp"
#include "fabric/exec/result_file.hpp"
#include "fabric/exec/spool.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>

using namespace fabric;
using namespace fabric::exec;

namespace {

constexpr auto for_ever = std::numeric_limits<std::int64_t>::max();

struct place {
  std::filesystem::path path;
  place() {
    char name[] = "/tmp/fabric-spool-test-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~place() { std::filesystem::remove_all(path); }
  std::string spool() const { return path / "spool"; }
};

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

} // namespace

TEST_CASE("directories are spread by the low byte of the job id", "[exec]") {
  CHECK(attempt_directory("/s", 0x1234, 2) == "/s/34/4660.2");
  CHECK(attempt_directory("/s", 5, 1) == "/s/05/5.1");
}

TEST_CASE("a prepared directory holds the input and empty outputs", "[exec]") {
  const place p;
  auto free = free_directories::open(p.spool());
  REQUIRE(free);
  const auto s = prepare_attempt(p.spool(), 7, 1, "{\"a\":1}", free->take(), std::nullopt);
  REQUIRE(s);
  CHECK(s->path == attempt_directory(p.spool(), 7, 1));
  char text[16] = {};
  CHECK(::read(s->input.get(), text, sizeof text) == 7);
  CHECK((::fcntl(s->out.get(), F_GETFL) & O_APPEND) != 0);
  CHECK(disk_bytes(s->directory.get()) >= 7);
}

TEST_CASE("an emptied directory is used again and shows nothing of its past", "[exec]") {
  const place p;
  auto free = free_directories::open(p.spool());
  REQUIRE(free);
  const auto old = prepare_attempt(p.spool(), 1, 1, "{}", "", std::nullopt)->path;
  write(old + "/stdout", "secret");
  write(old + "/result.json", "1");
  write(old + "/other", "x");
  std::filesystem::create_directories(old + "/deep/er");
  std::filesystem::remove(old + "/stderr");
  std::filesystem::create_symlink("/etc/passwd", old + "/stderr");
  REQUIRE(free->recycle(1, 1, for_ever) == true);
  CHECK_FALSE(std::filesystem::exists(old));
  auto later = free_directories::open(p.spool()); // another start of the runner finds it
  REQUIRE(later);
  const auto name = later->take();
  CHECK(name == "1.1");
  CHECK(later->take().empty());
  const auto s = prepare_attempt(p.spool(), 2, 1, "{}", name, std::nullopt);
  REQUIRE(s);
  std::size_t entries = 0;
  for (const auto& e : std::filesystem::directory_iterator(s->path)) {
    ++entries;
    CHECK(e.symlink_status().type() == std::filesystem::file_type::regular);
    CHECK(e.file_size() == (e.path().filename() == "input.json" ? 2 : 0));
  }
  CHECK(entries == 3);
  CHECK(std::filesystem::file_size("/etc/passwd") > 0);
}

TEST_CASE("recycling what is not there is fine, and so are missing recycled directories", "[exec]") {
  const place p;
  auto free = free_directories::open(p.spool());
  REQUIRE(free);
  CHECK(*free->recycle(99, 1, for_ever));
  CHECK(*free->remove_checkpoints(99, for_ever));
  CHECK(prepare_attempt(p.spool(), 3, 1, "{}", "99.1", std::nullopt));
  CHECK(prepare_attempt(p.spool(), 3, 1, "{}", "", std::nullopt)); // the same again after a refusal
}

TEST_CASE("a large tree is deleted a little at a time", "[exec]") {
  const place p;
  auto free = free_directories::open(p.spool());
  REQUIRE(free);
  const auto attempt = prepare_attempt(p.spool(), 1, 1, "{}", "", std::nullopt)->path;
  std::filesystem::create_directories(attempt + "/a/b/c");
  for (int i = 0; i < 5; ++i) write(attempt + "/a/b/" + std::to_string(i), "x");
  int calls = 1;
  for (; !*free->recycle(1, 1, 0); ++calls) REQUIRE(calls < 100); // No time at all: one file each.
  CHECK(calls > 5);
  CHECK_FALSE(std::filesystem::exists(attempt));
  const auto kept = p.spool() + "/checkpoints/1";
  std::filesystem::create_directories(kept + "/x/y");
  free->set_checkpoints_aside(1);
  CHECK_FALSE(std::filesystem::exists(kept));
  while (!*free->remove_checkpoints(1, 0)) REQUIRE(std::filesystem::exists(kept + ".gone"));
  CHECK_FALSE(std::filesystem::exists(kept + ".gone"));
}

TEST_CASE("checkpoints that are set aside are out of sight at once, also while older ones are being removed",
          "[exec]") {
  const place p;
  auto free = free_directories::open(p.spool());
  REQUIRE(free);
  free->set_checkpoints_aside(1); // There are none.
  const auto kept = checkpoint_directory(p.spool(), 1);
  for (int round = 0; round < 3; ++round) {
    std::filesystem::create_directories(kept);
    write(kept + "/state", "x");
    free->set_checkpoints_aside(1);
    CHECK_FALSE(std::filesystem::exists(kept));
  }
  while (!*free->remove_checkpoints(1, 0)) {
  }
  CHECK(std::filesystem::is_empty(p.spool() + "/checkpoints"));
}

TEST_CASE("only files with something in them that are new enough count as saved", "[exec]") {
  const place p;
  const auto kept = p.spool() + "/checkpoints";
  std::filesystem::create_directories(kept + "/deep/er");
  const auto changed = [&](const std::string& name) {
    struct stat info {};
    REQUIRE(::stat((kept + name).c_str(), &info) == 0);
    return info.st_ctim;
  };
  CHECK_FALSE(has_file_since(kept + "/nowhere", {}));
  CHECK_FALSE(has_file_since(kept, {}));
  write(kept + "/deep/er/empty", "");
  CHECK_FALSE(has_file_since(kept, {}));
  std::filesystem::create_symlink("/etc/passwd", kept + "/link");
  CHECK_FALSE(has_file_since(kept, {}));
  write(kept + "/deep/er/state", "x");
  auto at = changed("/deep/er/state");
  CHECK(has_file_since(kept, {}));
  CHECK(has_file_since(kept, at));
  ++at.tv_sec;
  CHECK_FALSE(has_file_since(kept, at));
  at.tv_sec -= 2;
  at.tv_nsec = 999'999'999;
  CHECK(has_file_since(kept, at));
}

TEST_CASE("an attempt of another user gets a directory for checkpoints of its own", "[exec]") {
  const place p;
  REQUIRE(free_directories::open(p.spool()));
  struct stat info {};
  const auto owner = file_owner{::geteuid(), ::getegid()};
  REQUIRE(prepare_attempt(p.spool(), 1, 1, "{}", "", owner));
  REQUIRE(::stat(checkpoint_directory(p.spool(), 1).c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0700);
  REQUIRE(prepare_attempt(p.spool(), 2, 1, "{}", "", std::nullopt));
  CHECK(::stat(checkpoint_directory(p.spool(), 2).c_str(), &info) != 0); // Made by the job, if ever.
}

TEST_CASE("others may pass through the spool to what is theirs, whatever the umask", "[exec]") {
  const place p;
  const auto before = ::umask(077);
  REQUIRE(free_directories::open(p.spool()));
  const auto s = prepare_attempt(p.spool(), 1, 1, "{}", "", std::nullopt);
  ::umask(before);
  REQUIRE(s);
  struct stat info {};
  for (const char* below : {"", "/checkpoints", "/01"}) {
    REQUIRE(::stat((p.spool() + below).c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0711);
  }
  REQUIRE(::stat(s->path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0700);
}

TEST_CASE("a spool that cannot be made or written is an error with its path", "[exec]") {
  const place p;
  write(p.path / "file", "x");
  CHECK(free_directories::open(p.path / "file").error().code == errc::io_error);
  const auto s = prepare_attempt(p.path / "file", 1, 1, "{}", "", std::nullopt);
  REQUIRE_FALSE(s);
  CHECK(s.error().message.find((p.path / "file").string()) != std::string::npos);
}

TEST_CASE("a piece of a file is read by plain name, through no link", "[exec]") {
  const place p;
  const std::string dir = p.path;
  write(p.path / "stdout", "0123456789");
  std::filesystem::create_symlink("/etc/passwd", p.path / "link");
  REQUIRE(::mkfifo((p.path / "pipe").c_str(), 0600) == 0);
  std::filesystem::create_directory(p.path / "folder");
  const auto piece = read_file_range(dir, "stdout", 3, 4);
  REQUIRE(piece);
  CHECK(piece->bytes == "3456");
  CHECK(piece->offset == 3);
  CHECK(piece->size == 10);
  CHECK(read_file_range(dir, "stdout", 10, 4)->bytes.empty());
  CHECK(read_file_range(dir, "stdout", 1000, 4)->offset == 10);
  for (const char* name : {"link", "pipe", "folder", "nothing"})
    CHECK(read_file_range(dir, name, 0, 4).error().code == errc::not_found);
  for (const std::string name : {"", ".", "..", "../x", "/etc/passwd", "a/b"})
    CHECK(read_file_range(dir, name, 0, 4).error().code == errc::bad_input);
  CHECK(read_file_range(dir + "/none", "stdout", 0, 4).error().code == errc::not_found);
}

TEST_CASE("the middle of an output over its cap is punched out and skipped by readers", "[exec]") {
  const place p;
  const int fd = ::open((p.path / "stdout").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  const unique_fd keep(fd);
  output_cap cap(fd, 100'000);
  std::string all;
  for (int i = 0; i < 20; ++i) {
    std::string chunk;
    while (chunk.size() < 50'000) chunk += std::to_string(all.size() + chunk.size()) + "\n"; // Says where it is.
    REQUIRE(write_all(fd, chunk));
    all += chunk;
    CHECK(cap.look() == chunk.size());
  }
  CHECK(cap.size() == all.size());
  CHECK(cap.cut() > all.size() - 120'000);
  CHECK(cap.cut() <= all.size() - 100'000);
  struct stat info {};
  REQUIRE(::fstat(fd, &info) == 0);
  CHECK(info.st_blocks * 512 <= 120'000);
  std::vector<file_piece> pieces;
  for (std::uint64_t at = 0; at < all.size(); at = pieces.back().offset + pieces.back().bytes.size()) {
    pieces.push_back(*read_file_range(p.path, "stdout", at, 1u << 16));
    CHECK(pieces.back().bytes == all.substr(pieces.back().offset, pieces.back().bytes.size()));
  }
  std::uint64_t skipped = 0, head = 0;
  for (const auto& piece : pieces) {
    if (skipped == 0 && piece.skipped == 0) head = piece.offset + piece.bytes.size();
    skipped += piece.skipped;
  }
  CHECK(skipped == cap.cut());
  CHECK(head >= 40'000); // Both ends are kept, each about half.
  CHECK(all.size() - skipped - head >= 40'000);
}

TEST_CASE("an output below its cap, or without one, stays whole", "[exec]") {
  const place p;
  const unique_fd fd(::open((p.path / "f").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
  REQUIRE(write_all(fd.get(), std::string(100'000, 'a')));
  for (const std::uint64_t max : {std::uint64_t{0}, std::uint64_t{100'000}}) {
    output_cap cap(fd.get(), max);
    cap.look();
    CHECK(cap.cut() == 0);
    CHECK(cap.size() == 100'000);
  }
}

TEST_CASE("a result is one strict JSON value in a regular file of at most 1 MiB", "[exec]") {
  const place p;
  const unique_fd dir(::open(p.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto file = p.path / "result.json";
  CHECK(read_result(dir.get()).json == "null");
  CHECK(read_result(dir.get()).bad.empty());
  write(file, " {\"b\": 1, \"a\": [true]}\n");
  CHECK(read_result(dir.get()).json == R"({"a":[true],"b":1})");
  write(file, "\"" + std::string((1u << 20) - 2, 'x') + "\"");
  CHECK(read_result(dir.get()).bad.empty());
  const std::string bad[] = {
      "", "{", "{\"a\":1", "1 2", "{\"a\":1,\"a\":2}", "\"\xff\"", "\"" + std::string((1u << 20) - 1, 'x') + "\""};
  for (const auto& text : bad) {
    write(file, text);
    CHECK_FALSE(read_result(dir.get()).bad.empty());
  }
  std::filesystem::remove(file);
  std::filesystem::create_symlink("/etc/passwd", file);
  CHECK(read_result(dir.get()).bad == "it is a symbolic link");
  std::filesystem::remove(file);
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  CHECK(read_result(dir.get()).bad == "it is not a regular file");
}

TEST_CASE("the tail of stderr is the last 20 lines in 4 KiB", "[exec]") {
  const place p;
  const unique_fd dir(::open(p.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(tail_of(dir.get(), "stderr").empty());
  std::string text;
  for (int i = 1; i <= 50; ++i) text += "line " + std::to_string(i) + "\n";
  write(p.path / "stderr", text);
  CHECK(tail_of(dir.get(), "stderr") == text.substr(text.find("line 31\n")));
  write(p.path / "stderr", "no newline");
  CHECK(tail_of(dir.get(), "stderr") == "no newline");
  write(p.path / "stderr", std::string(10'000, 'x'));
  CHECK(tail_of(dir.get(), "stderr").size() == 4096);
  write(p.path / "stderr", "a\xff");
  CHECK(tail_of(dir.get(), "stderr") == "a\xef\xbf\xbd");
}
