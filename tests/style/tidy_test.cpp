#include "tests/style/rules.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace fabric::style;

namespace {

void expect_none(const violations& found) {
  INFO(render(found));
  CHECK(found.empty());
}

} // namespace

TEST_CASE("the whole tree is read, and nothing of what is built", "[style]") {
  const auto has = [](std::string_view path) {
    return std::any_of(tree().begin(), tree().end(), [&](const auto& f) { return f.path == path; });
  };
  CHECK(has("CMakeLists.txt"));
  CHECK(has("libfabric/fabric/job/job.hpp"));
  CHECK(has("tests/style/tidy_test.cpp"));
  CHECK(has("scripts/test"));
  CHECK(
      std::none_of(tree().begin(), tree().end(), [](const auto& f) { return f.is_in("build/") || f.is_in(".git/"); }));
}

TEST_CASE("no source file is longer than can be read at once", "[style]") {
  expect_none(check(keep_files_short, tree()));
}

TEST_CASE("no line of C++ is wider than the screen", "[style]") { expect_none(check(keep_lines_short, tree())); }

TEST_CASE("every header guards itself in its first line", "[style]") {
  expect_none(check(begin_headers_with_pragma_once, tree()));
}

TEST_CASE("every header of libfabric says what it is", "[style]") {
  expect_none(check(document_public_headers, tree()));
}

TEST_CASE("no file holds both sides of a merge", "[style]") { expect_none(check(settle_merges, tree())); }
TEST_CASE("no file holds notes to self", "[style]") { expect_none(check(leave_no_notes_to_self, tree())); }

TEST_CASE("no file names a path of the machine it was written on", "[style]") {
  expect_none(check(name_no_place_of_development, tree()));
}

TEST_CASE("no script or build file names a host", "[style]") {
  expect_none(check(name_no_host_in_build_files, tree()));
}

TEST_CASE("libfabric includes nothing of the layers above it", "[style]") {
  expect_none(check(keep_the_library_below_the_actors, tree()));
}

TEST_CASE("the folders that decide have no clock, thread, log or I/O", "[style]") {
  expect_none(check(keep_decisions_pure, tree()));
}

TEST_CASE("only one header knows which CAF this is", "[style]") {
  expect_none(check(ask_for_the_caf_version_in_one_place, tree()));
}

TEST_CASE("no handler of an actor captures by reference", "[style]") {
  expect_none(check(capture_no_reference_that_escapes, tree()));
}

TEST_CASE("nothing starts a shell", "[style]") { expect_none(check(start_no_shell, tree())); }

TEST_CASE("no test sleeps", "[style]") { expect_none(check(never_sleep_in_tests, tree())); }

TEST_CASE("every test is named with a sentence", "[style]") { expect_none(check(name_tests_with_sentences, tree())); }

TEST_CASE("no two tests of a program have the same name", "[style]") { expect_none(repeated_test_names(tree())); }
