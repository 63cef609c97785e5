#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// What the drunken sailor does. Modes:
///
///     ok           writes a valid result and exits 0
///     exit         exits with --code (default 1)
///     crash        kills itself by --signal (default SIGSEGV)
///     spin         an endless loop
///     sleep        sleeps
///     hog          takes memory, 1 MiB at a time, up to --limit (default 256 MiB), and then sleeps
///     flood        writes to stdout and stderr, up to --limit each (default 64 MiB), exits 0
///     ignore-term  sleeps and ignores SIGTERM
///     stray        leaves a process that double-forked, has its own session and an empty environment; exits 0
///     background   leaves a process in the background; exits 0
///     chain        sleeps beside a chain of processes that fork and exit, each in its own session, until killed
///     bomb         a fork bomb: two children each, ten generations deep, every other one in its own session; sleeps
///     files        opens files, up to --limit (default 100,000); exits 1 when it gets no more
///     big-file     writes a file of --limit (default 64 MiB)
///     progress     reports progress up to --limit percent (default 10), 20 ms apart, and then hangs
///     babble       floods its progress pipe with --limit bytes (default 64 MiB), exits 0
///     garble       writes garbage and huge lines to it, exits 0
///     half-result  writes half a result and exits 0
///     random       one of these, by --seed
namespace sailor {

struct voyage {
  std::string mode;
  int code = 1;
  int signal = 11;
  std::uint64_t limit_bytes = 0; ///< 0: the mode's default.
  double seconds = 0;            ///< 0: for ever.
  std::optional<std::uint64_t> seed;
};

std::string mode_list();
bool known(const std::string& mode);

/// Reads {"mode": …, "code": …, "signal": …, "limit": …, "seconds": …, "seed": …}. Returns what is wrong, or nothing.
std::string read_input(const std::string& text, voyage& v);
/// The N of `exit N` and `crash N`. Returns what is wrong, or nothing.
std::string read_argument(const std::string& text, voyage& v);

/// @returns the exit code, if it comes back at all.
int sail(const voyage& v);

} // namespace sailor
