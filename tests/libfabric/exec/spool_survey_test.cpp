#include "fabric/exec/spool.hpp"
#include "fabric/exec/spool_survey.hpp"

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace fabric;
using namespace fabric::exec;

namespace {

struct scratch {
  scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "survey-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
    REQUIRE(free_directories::open(path));
  }
  ~scratch() { std::filesystem::remove_all(path); }
  std::string path;
};

} // namespace

TEST_CASE("a survey finds every attempt with its size") {
  const scratch s;
  REQUIRE(prepare_attempt(s.path, 258, 1, std::string(20'000, 'x'), "", std::nullopt));
  REQUIRE(prepare_attempt(s.path, 258, 2, "{}", "", std::nullopt));
  REQUIRE(prepare_attempt(s.path, 3, 1, "{}", "", std::nullopt));
  auto found = survey_spool(s.path);
  REQUIRE(found);
  auto& all = found->attempts;
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::pair{a.job, a.attempt} < std::pair{b.job, b.attempt};
  });
  REQUIRE(all.size() == 3);
  CHECK((all[0].job == 3 && all[0].attempt == 1));
  CHECK((all[1].job == 258 && all[1].attempt == 1 && all[1].bytes >= 20'000));
  CHECK((all[2].job == 258 && all[2].attempt == 2));
  CHECK(found->totals.bytes == all[0].bytes + all[1].bytes + all[2].bytes);
  CHECK(all[0].changed > time_point{});
  CHECK(found->totals.free_inodes > 0);
}

TEST_CASE("a survey counts a job's checkpoints as its attempt 0") {
  const scratch s;
  std::filesystem::create_directories(s.path + "/checkpoints/7/deep");
  std::ofstream{s.path + "/checkpoints/7/deep/state"} << std::string(20'000, 'x');
  std::filesystem::create_directories(s.path + "/checkpoints/7.1");
  const auto found = survey_spool(s.path);
  REQUIRE(found);
  REQUIRE(found->attempts.size() == 1);
  CHECK((found->attempts[0].job == 7 && found->attempts[0].attempt == 0));
  CHECK(found->attempts[0].bytes >= 20'000);
  CHECK(found->totals.bytes == found->attempts[0].bytes);
}

TEST_CASE("a survey passes over what is not an attempt") {
  const scratch s;
  std::filesystem::create_directories(s.path + "/03/notes");
  std::filesystem::create_directories(s.path + "/03/3.x");
  std::filesystem::create_directories(s.path + "/03/0.1");
  std::ofstream{s.path + "/03/3.1"} << "a file";
  const auto found = survey_spool(s.path);
  REQUIRE(found);
  CHECK(found->attempts.empty());
}

TEST_CASE("a spool that cannot be read is an error") {
  CHECK(survey_spool("/nowhere/at/all").error().code == errc::io_error);
}
