#pragma once

#include "nodes/cli/text/progress_line.hpp"
#include "nodes/cli/text/style.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

/// The two streams of this program. A progress line stands only on stderr, only if that is a terminal, and is out of
/// the way whenever something else is written.
namespace fabric::cli {

class console {
public:
  console();
  ~console();
  console(const console&) = delete;
  console& operator=(const console&) = delete;

  const style& out() const { return out_; }
  bool out_is_terminal() const { return out_is_terminal_; }

  bool draws_progress() const { return err_is_terminal_; }

  /// What others wrote: as it is into a file or pipe, without what could steer a terminal onto one.
  std::string shown(std::string_view text, bool to_stderr = false) const;

  /// Width of the terminal that stdout is; 0 if it is none.
  std::size_t width() const;

  /// Writes bytes to stdout, or to stderr. A broken stdout ends the program, silently if its reader went away.
  void write(std::string_view bytes, bool to_stderr = false);
  void line(std::string_view text);
  void flush();

  /// Writes "fabric: text" to stderr.
  void notice(std::string_view text);

  /// Draws the progress line, at most ten times a second.
  void progress(const progress_state& p);
  void clear_progress();

private:
  using clock = std::chrono::steady_clock;

  style out_;
  bool out_is_terminal_;
  bool err_is_terminal_;
  bool drawn_ = false;
  clock::time_point drawn_at_{};
};

} // namespace fabric::cli
