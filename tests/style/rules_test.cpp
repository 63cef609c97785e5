#include "tests/style/rules.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace fabric::style;

namespace {

using lines = std::vector<std::size_t>;

/// The lines at which the rule objects to this text.
lines found_by(const rule& r, std::string path, std::string_view text) {
  lines at;
  for (const auto& v : check(r, {file_of(std::move(path), text)})) at.push_back(v.line);
  return at;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

} // namespace

TEST_CASE("a violation is shown with file, line and message", "[style]") {
  CHECK(render({{"a.cpp", 3, "too long"}, {"b.cpp", 1, "odd"}}) == "a.cpp:3: too long\nb.cpp:1: odd\n");
}

TEST_CASE("the rule of short files counts to four hundred", "[style]") {
  CHECK(found_by(keep_files_short, "actors/a.cpp", repeated("x\n", 400)).empty());
  CHECK(found_by(keep_files_short, "actors/a.cpp", repeated("x\n", 401)) == lines{401});
  CHECK(found_by(keep_files_short, "tests/data.json", repeated("x\n", 401)).empty());
}

TEST_CASE("the rule of short lines counts characters and not bytes", "[style]") {
  CHECK(found_by(keep_lines_short, "a.cpp", "\n" + repeated("\u2026", 120)).empty());
  CHECK(found_by(keep_lines_short, "a.cpp", "\n" + repeated("\u2026", 121)) == lines{2});
  CHECK(found_by(keep_lines_short, "a.md", repeated("x", 300)).empty());
}

TEST_CASE("the rule of headers wants the guard in the first line and a description", "[style]") {
  CHECK(found_by(begin_headers_with_pragma_once, "a.hpp", "// x\n#pragma once\n") == lines{1});
  CHECK(found_by(begin_headers_with_pragma_once, "a.hpp", "") == lines{1});
  CHECK(found_by(begin_headers_with_pragma_once, "a.hpp", "#pragma once\n").empty());
  CHECK(found_by(document_public_headers, "libfabric/fabric/a.hpp", "#pragma once\nint a(); // x\n") == lines{1});
  CHECK(found_by(document_public_headers, "libfabric/fabric/a.hpp", "/// What.\n").empty());
  CHECK(found_by(document_public_headers, "actors/a.hpp", "int a();\n").empty());
}

TEST_CASE("the rule of notes finds whole words only", "[style]") {
  CHECK(found_by(leave_no_notes_to_self, "README.md", "a\nTODO: b\n") == lines{2});
  CHECK(found_by(leave_no_notes_to_self, "a.cpp", "// HACK") == lines{1});
  CHECK(found_by(leave_no_notes_to_self, "a.cpp", "mkstemp(\"/tmp/a.XXXXXX\"); TODOS\n").empty());
}

TEST_CASE("the rule of merges finds both ends of a conflict", "[style]") {
  CHECK(found_by(settle_merges, "a.md", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> main\n") == lines{1, 5});
  CHECK(found_by(settle_merges, "a.md", "a << b\n=======\n").empty());
}

TEST_CASE("the rule of places finds absolute paths only", "[style]") {
  CHECK(found_by(name_no_place_of_development, "a.sh", "cd " FABRIC_SOURCE_DIR "/x\n") == lines{1});
  CHECK(found_by(name_no_place_of_development, "a.sh", "cd /home/me\n") == lines{1});
  CHECK(found_by(name_no_place_of_development, "a.cpp", "\"/root/.cache\"\n") == lines{1});
  CHECK(found_by(name_no_place_of_development, "a.cpp", "a/home/b ../root/c\n").empty());
}

TEST_CASE("the rule of hosts looks at scripts and build files", "[style]") {
  CHECK(found_by(name_no_host_in_build_files, "scripts/setup", "\ncurl https://example.org\n") == lines{2});
  CHECK(found_by(name_no_host_in_build_files, "cmake/a.cmake", "http://example.org") == lines{1});
  CHECK(found_by(name_no_host_in_build_files, "libfabric/CMakeLists.txt", "http://example.org") == lines{1});
  CHECK(found_by(name_no_host_in_build_files, "README.md", "https://example.org").empty());
}

TEST_CASE("the rule of layers finds includes from above", "[style]") {
  CHECK(found_by(keep_the_library_below_the_actors, "libfabric/fabric/a.cpp",
                 "#include <caf/all.hpp>\n#include \"fabric/a.hpp\"\n#include \"actors/a.hpp\"\n// <caf/x>\n") ==
        lines{1, 3});
  CHECK(found_by(keep_the_library_below_the_actors, "actors/a.cpp", "#include <caf/all.hpp>\n").empty());
}

TEST_CASE("the rule of pure folders finds clocks, threads and logs, but not in comments", "[style]") {
  const std::string_view text = "std::chrono::system_clock::now()\n// <thread>\n#include <mutex>\nspdlog::info(1);\n";
  CHECK(found_by(keep_decisions_pure, "libfabric/fabric/lane/a.cpp", text) == lines{1, 3, 4});
  CHECK(found_by(keep_decisions_pure, "libfabric/fabric/exec/a.cpp", text).empty());
  for (const std::string_view word : {"clock_gettime(CLOCK_MONOTONIC, &t);", "int n = rand();", "std::getenv(\"HOME\")",
                                      "#include <filesystem>", "#include <sqlite3.h>", "#include <sys/stat.h>"}) {
    INFO(word);
    CHECK(found_by(keep_decisions_pure, "libfabric/fabric/node/a.cpp", word) == lines{1});
  }
}

TEST_CASE("the rule of versions spares the one header", "[style]") {
  CHECK(found_by(ask_for_the_caf_version_in_one_place, "actors/a.cpp", "#if CAF_MAJOR_VERSION > 0\n") == lines{1});
  CHECK(found_by(ask_for_the_caf_version_in_one_place, "actors/compat.hpp", "#if CAF_VERSION > 1800\n").empty());
}

TEST_CASE("the rule of captures finds what is called later and spares what is called now", "[style]") {
  const auto check_actor = [](std::string_view text) {
    return found_by(capture_no_reference_that_escapes, "actors/a.cpp", text);
  };
  CHECK(check_actor("x.then([&](int) {});\n") == lines{1});
  CHECK(check_actor("x.then(\n    [&, this](int) {});\n") == lines{2});
  CHECK(check_actor("self->run_delayed(d, [&] { f(); });\n") == lines{1});
  CHECK(check_actor("behavior_type make_behavior() {\n  return {\n    [&](tick) {},\n  };\n}\n") == lines{3});
  CHECK(check_actor("behavior_type make_behavior() {\n  return {[this](tick) {}};\n}\n[&] {};\n").empty());
  CHECK(check_actor("std::visit([&](auto& e) { f(e); }, what);\n").empty());
  CHECK(check_actor("x.then([this](int) {});\n").empty());
  CHECK(check_actor("x.then(\n    [this](int) { f(); },\n    [&](error) {});\n[&] {}();\n") == lines{3});
  CHECK(check_actor("x.then([this](int) {}, [&](error) {});\n") == lines{1});
  CHECK(check_actor("gather<int>(this, whom, 1s, q, [&](int) {});\n") == lines{1});
  CHECK(check_actor("watcher_.watch(a, [&](error) {});\na->attach_functor([&] {});\n") == lines{1, 2});
}

TEST_CASE("the rule of shells knows members and longer names", "[style]") {
  CHECK(found_by(start_no_shell, "a.cpp", "std::system(\"ls\");\npopen (x);\n") == lines{1, 2});
  CHECK(found_by(start_no_shell, "a.cpp",
                 "self->system(x);\nauto& s = system();\nactor_system(cfg);\nsystem_error(x);\n// system(\n")
            .empty());
}

TEST_CASE("the rule of sleep holds for tests", "[style]") {
  CHECK(found_by(never_sleep_in_tests, "tests/a.cpp", "std::this_thread::sleep_for(1s);\n\nusleep(3);\nsleep(1);\n") ==
        lines{1, 3, 4});
  CHECK(found_by(never_sleep_in_tests, "tests/a.cpp", "no_sleep(1); \"sleep 5\"; // sleep(1)\n").empty());
  CHECK(found_by(never_sleep_in_tests, "nodes/sailor/a.cpp", "sleep(1);\n").empty());
  CHECK(found_by(never_sleep_in_tests, "tests/soak/a_job.cpp", "sleep(1);\n").empty());
}

TEST_CASE("the rule of test names joins pieces and knows fixtures", "[style]") {
  const auto names = test_names(file_of("tests/a_test.cpp", "TEST_CASE(\"a lane \"\n          \"waits\", \"[a]\") {\n"
                                                            "TEST_CASE_METHOD(world, \"b says \\\"c\\\"\") {\n"));
  REQUIRE(names.size() == 2);
  CHECK(names[0].text == "a lane waits");
  CHECK(names[0].line == 1);
  CHECK(names[1].text == "b says \"c\"");
  CHECK(names[1].line == 3);
}

TEST_CASE("the rule of test names wants a sentence without a full stop", "[style]") {
  CHECK(found_by(name_tests_with_sentences, "tests/a_test.cpp", "TEST_CASE(\"lane1\") {\n") == lines{1});
  CHECK(found_by(name_tests_with_sentences, "tests/a_test.cpp", "TEST_CASE(\"a lane waits.\") {\n") == lines{1});
  CHECK(found_by(name_tests_with_sentences, "tests/a_test.cpp", "TEST_CASE(\"a lane waits\") {\n").empty());
}

TEST_CASE("the rule of repeated names looks within one program", "[style]") {
  const std::string_view text = "TEST_CASE(\"a lane waits\") {\n";
  const auto found = repeated_test_names({file_of("tests/lane/a_test.cpp", text),
                                          file_of("tests/lane/b_test.cpp", text), file_of("tests/c_test.cpp", text)});
  REQUIRE(found.size() == 1);
  CHECK(found[0].path == "tests/lane/b_test.cpp");
  CHECK(found[0].message.find("tests/lane/a_test.cpp:1") != std::string::npos);
}
