#pragma once

#include "tests/style/source_tree.hpp"

#include <map>

/// The rules of the tree that a machine can check. Each is a function of one file.
namespace fabric::style {

// form_rules.cpp
void keep_files_short(const source_file& file, violations& found);
void keep_lines_short(const source_file& file, violations& found);
void begin_headers_with_pragma_once(const source_file& file, violations& found);
void document_public_headers(const source_file& file, violations& found);
void leave_no_notes_to_self(const source_file& file, violations& found);
void settle_merges(const source_file& file, violations& found);
void name_no_place_of_development(const source_file& file, violations& found);
void name_no_host_in_build_files(const source_file& file, violations& found);

// layer_rules.cpp
void keep_the_library_below_the_actors(const source_file& file, violations& found);
void keep_decisions_pure(const source_file& file, violations& found);
void ask_for_the_caf_version_in_one_place(const source_file& file, violations& found);
void capture_no_reference_that_escapes(const source_file& file, violations& found);
void start_no_shell(const source_file& file, violations& found);
void never_sleep_in_tests(const source_file& file, violations& found);

// test_names.cpp
void name_tests_with_sentences(const source_file& file, violations& found);

struct test_name {
  std::string text;
  std::size_t line = 0;
};
/// The names of the test cases of a file; strings in pieces are joined.
std::vector<test_name> test_names(const source_file& file);

/// Two tests of one program with one name.
violations repeated_test_names(const std::vector<source_file>& files);

} // namespace fabric::style
