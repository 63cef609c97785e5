#include "fabric/exec/result_file.hpp"

#include "fabric/exec/bounds.hpp"
#include "fabric/exec/system.hpp"
#include "fabric/job/limits.hpp"
#include "fabric/job/strict_json.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace fabric::exec {

namespace {

struct regular_file {
  unique_fd fd;
  std::uint64_t size = 0;
};

// errc::not_found if there is none.
expected<regular_file> open_regular(int directory, const char* name) {
  regular_file file{unique_fd(::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))};
  if (!file.fd && errno == ENOENT) return fail(errc::not_found, "no such file");
  if (!file.fd && errno == ELOOP) return fail(errc::bad_input, "it is a symbolic link");
  if (!file.fd) return tl::unexpected(system_error("cannot open it", errno));
  struct stat info {};
  if (::fstat(file.fd.get(), &info) != 0) return tl::unexpected(system_error("cannot read it", errno));
  if (!S_ISREG(info.st_mode)) return fail(errc::bad_input, "it is not a regular file");
  file.size = static_cast<std::uint64_t>(info.st_size);
  return file;
}

std::string read_at(int fd, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const auto n = ::pread(fd, bytes.data(), size, static_cast<off_t>(offset));
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return bytes;
}

} // namespace

job_result read_result(int directory) {
  auto file = open_regular(directory, "result.json");
  if (!file && file.error().code == errc::not_found) return {"null", {}};
  if (!file) return {{}, file.error().message};
  if (file->size > limits::result_bytes) return {{}, "it is over 1 MiB"};
  const auto text = read_at(file->fd.get(), 0, file->size);
  auto compact = compact_json(text, {limits::result_bytes, limits::json_depth});
  if (!compact) return {{}, render(compact.error())};
  return {std::move(*compact), {}};
}

std::string tail_of(int directory, const char* name) {
  const auto file = open_regular(directory, name);
  if (!file) return {};
  const auto size = std::min<std::uint64_t>(file->size, bounds::stderr_tail);
  auto text = read_at(file->fd.get(), file->size - size, size);
  // A hole that was punched there reads as zeros.
  text.erase(0, std::min(text.find_first_not_of('\0'), text.size()));
  std::size_t lines = 0;
  for (auto i = text.size(); i > 0; --i) {
    if (text[i - 1] != '\n' || i == text.size()) continue;
    if (++lines == bounds::stderr_lines) {
      text.erase(0, i);
      break;
    }
  }
  // Through the library and back: what is not UTF-8 becomes U+FFFD.
  const auto quoted = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(quoted).get<std::string>();
}

} // namespace fabric::exec
