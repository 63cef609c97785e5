#pragma once

#include "fabric/error.hpp"

/// What the program's exit codes mean; --help says the same.
namespace fabric::cli {

enum exit_code : int {
  done = 0,
  job_failed = 1,  ///< A job that was waited for did not succeed.
  not_well = 1,    ///< `store check` or `doctor` found something.
  usage = 2,       ///< Bad arguments, an unreadable file or certificate, or a configuration with problems.
  unreachable = 3, ///< No fabric there, or it stayed away for longer than --patience.
  no_such_thing = 4,
  refused = 5,
  out_of_time = 6, ///< --timeout passed; the jobs go on.
  unwritable = 7,  ///< stdout took no more; what the command asked for may be done all the same.
};

inline constexpr const char* exit_code_help =
    "Exit codes: 0 ok, 1 the job failed or a check found something, 2 usage, 3 cannot reach the fabric,\n"
    "4 no such thing, 5 refused, 6 --timeout passed, 7 cannot write to stdout (what was asked for may be done all\n"
    "the same).\n"
    "When several apply, the first of 7, 3, 6, 5, 4, 1.";

constexpr exit_code exit_code_for(errc code) noexcept {
  switch (code) {
  case errc::unavailable: return unreachable;
  case errc::not_found: return no_such_thing;
  default: return refused;
  }
}

/// Returns the more serious of two, in the order that --help names.
constexpr exit_code worse(exit_code a, exit_code b) noexcept {
  constexpr auto rank = [](exit_code c) {
    switch (c) {
    case done: return 0;
    case job_failed: return 1;
    case no_such_thing: return 2;
    case refused: return 3;
    case out_of_time: return 4;
    case unreachable: return 5;
    case usage: return 6;
    case unwritable: return 7;
    }
    return 7;
  };
  return rank(a) >= rank(b) ? a : b;
}

} // namespace fabric::cli
