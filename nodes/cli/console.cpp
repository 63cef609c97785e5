#include "nodes/cli/console.hpp"

#include "nodes/cli/text/exit_code.hpp"
#include "nodes/cli/text/printable.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace fabric::cli {

namespace {

constexpr auto redraw_interval = std::chrono::milliseconds{100};
constexpr std::size_t usual_width = 80;
constexpr int reader_gone = 128 + 13; ///< As if SIGPIPE had ended us, which CAF turns off.

std::size_t width_of(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual_width;
}

[[noreturn]] void give_up() {
  const int why = errno;
  if (why == EPIPE) std::_Exit(reader_gone);
  std::fprintf(stderr, "fabric: cannot write: %s\n", std::strerror(why));
  std::_Exit(unwritable);
}

} // namespace

console::console() : out_is_terminal_(::isatty(STDOUT_FILENO) == 1), err_is_terminal_(::isatty(STDERR_FILENO) == 1) {
  out_.coloured = wants_colour(out_is_terminal_, std::getenv("NO_COLOR"), std::getenv("TERM"));
}

console::~console() {
  clear_progress();
  flush();
}

std::size_t console::width() const { return out_is_terminal_ ? width_of(STDOUT_FILENO) : 0; }

std::string console::shown(std::string_view text, bool to_stderr) const {
  return (to_stderr ? err_is_terminal_ : out_is_terminal_) ? printable_lines(text) : std::string(text);
}

void console::write(std::string_view bytes, bool to_stderr) {
  clear_progress();
  std::FILE* stream = to_stderr ? stderr : stdout;
  if (std::fwrite(bytes.data(), 1, bytes.size(), stream) != bytes.size() && !to_stderr) give_up();
}

void console::line(std::string_view text) {
  write(text);
  write("\n");
}

void console::flush() {
  if (std::fflush(stdout) != 0) give_up();
}

void console::notice(std::string_view text) {
  flush();
  write("fabric: ", true);
  write(text, true);
  write("\n", true);
}

void console::progress(const progress_state& p) {
  if (!err_is_terminal_ || (drawn_ && clock::now() - drawn_at_ < redraw_interval)) return;
  flush();
  const auto text = render_progress(p, width_of(STDERR_FILENO) - 1);
  std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
  drawn_ = true;
  drawn_at_ = clock::now();
}

void console::clear_progress() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

} // namespace fabric::cli
