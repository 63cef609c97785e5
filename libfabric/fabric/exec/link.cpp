#include "fabric/exec/link.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>

namespace fabric::exec {

namespace {

constexpr auto farewell = std::chrono::seconds{1}; ///< For what is queued when the link closes.

expected<int> open_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return fail(errc::io_error, "the socket's path is too long", path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(errc::io_error, std::strerror(errno), path);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  const int why = errno;
  close(fd);
  const bool nobody = why == ENOENT || why == ECONNREFUSED || why == EAGAIN;
  return fail(nobody ? errc::unavailable : errc::io_error, std::strerror(why), path);
}

} // namespace

class runner_link::io {
public:
  io(int fd, callback on_frames)
      : fd_(fd), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), on_frames_(std::move(on_frames)),
        thread_([this] { run(); }) {}

  ~io() {
    {
      const std::lock_guard lock{mutex_};
      closing_ = true;
    }
    write_some();
    wake();
    thread_.join();
    close(fd_);
    close(wake_);
  }

  void send(std::string_view frame) {
    const std::lock_guard lock{mutex_};
    unsent_ += frame;
  }

  void flush() {
    if (!write_some()) wake();
  }

private:
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_, &one, sizeof(one)); // A full counter wakes as well.
  }

  void run() {
    bool open = true;
    while (open && !finished()) {
      // Nothing is left unsent without a wake, so that the answer here can be old by no more than that.
      const short out = write_some() ? 0 : POLLOUT;
      pollfd fds[2] = {{fd_, static_cast<short>(POLLIN | out), 0}, {wake_, POLLIN, 0}};
      poll(fds, 2, closing_since_ ? 100 : -1);
      if (fds[1].revents != 0) drain_wake();
      if (fds[0].revents != 0) open = read_some();
    }
    if (!open) on_frames_({}, true);
  }

  /// After the link was told to close: everything is written, or the time for it is over.
  bool finished() {
    const std::lock_guard lock{mutex_};
    if (!closing_) return false;
    const auto now = std::chrono::steady_clock::now();
    if (!closing_since_) closing_since_ = now;
    return unsent_.empty() || now - *closing_since_ > farewell;
  }

  void drain_wake() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(wake_, &count, sizeof(count));
  }

  /// False if the socket takes no more now. A broken connection is seen by who reads.
  bool write_some() {
    const std::lock_guard lock{mutex_};
    std::size_t written = 0;
    while (written < unsent_.size()) {
      const auto n = ::send(fd_, unsent_.data() + written, unsent_.size() - written, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno != EAGAIN) written = unsent_.size();
      if (n < 0) break;
      written += static_cast<std::size_t>(n);
    }
    unsent_.erase(0, written);
    return unsent_.empty();
  }

  bool read_some() {
    char buffer[1 << 16];
    std::vector<from_runner> frames;
    bool open = true;
    for (;;) {
      const auto n = recv(fd_, buffer, sizeof(buffer), 0);
      if (n < 0) {
        open = errno == EAGAIN || errno == EINTR;
        break;
      }
      if (n == 0) {
        open = false;
        break;
      }
      reader_.feed({buffer, static_cast<std::size_t>(n)});
      if (static_cast<std::size_t>(n) < sizeof(buffer)) break;
    }
    open = decode_all(frames) && open;
    if (!frames.empty()) on_frames_(std::move(frames), false);
    return open;
  }

  bool decode_all(std::vector<from_runner>& frames) {
    for (;;) {
      auto body = reader_.next();
      if (!body) return false;
      if (!*body) return true;
      auto frame = decode_from_runner(**body);
      if (!frame) return false;
      frames.push_back(std::move(*frame));
    }
  }

  const int fd_;
  const int wake_;
  const callback on_frames_;
  std::mutex mutex_;
  std::string unsent_;   ///< Guarded by mutex_.
  bool closing_ = false; ///< Guarded by mutex_.
  // The rest belongs to the thread.
  std::optional<std::chrono::steady_clock::time_point> closing_since_;
  frame_reader reader_;
  std::thread thread_; ///< Last: starts when all else is there.
};

runner_link::runner_link(std::unique_ptr<io> impl) : io_(std::move(impl)) {}
runner_link::~runner_link() = default;

expected<std::unique_ptr<runner_link>> runner_link::connect(const std::string& socket_path, callback on_frames) {
  const auto fd = open_socket(socket_path);
  if (!fd) return tl::unexpected{fd.error()};
  return std::unique_ptr<runner_link>{new runner_link{std::make_unique<io>(*fd, std::move(on_frames))}};
}

void runner_link::send(const to_runner& what) { io_->send(encode(what)); }
void runner_link::flush() { io_->flush(); }

} // namespace fabric::exec
