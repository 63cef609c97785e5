#include "fabric/exec/frame_channel.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace fabric::exec {

void frame_channel::close() {
  socket_.reset();
  in_ = {};
  out_.clear();
  sent_ = 0;
}

bool frame_channel::receive() {
  std::array<char, 16 << 10> bytes;
  for (;;) {
    const auto n = ::recv(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    if (n == 0) return false;
    in_.feed({bytes.data(), static_cast<std::size_t>(n)});
    if (static_cast<std::size_t>(n) < bytes.size()) return true;
  }
}

void frame_channel::send_body(std::string_view head, std::string_view body) {
  const auto size = static_cast<std::uint32_t>(head.size() + body.size());
  for (int i = 0; i < 4; ++i) out_.push_back(static_cast<char>(size >> (8 * i)));
  out_.append(head).append(body);
}

bool frame_channel::flush() {
  while (backlog() > 0) {
    const auto n = ::send(fd(), out_.data() + sent_, backlog(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    sent_ += static_cast<std::size_t>(n);
  }
  out_.clear();
  sent_ = 0;
  return true;
}

} // namespace fabric::exec
