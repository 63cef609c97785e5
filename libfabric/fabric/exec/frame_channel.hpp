#pragma once

#include "fabric/exec/protocol.hpp"
#include "fabric/exec/system.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Frames over a stream socket that is never waited for. One thread.
namespace fabric::exec {

class frame_channel {
public:
  frame_channel() = default;
  explicit frame_channel(unique_fd socket) : socket_(std::move(socket)) {}

  int fd() const noexcept { return socket_.get(); }
  bool open() const noexcept { return static_cast<bool>(socket_); }
  void close();

  /// Reads what is there. False once the peer is gone; frames that came before are still in next().
  bool receive();
  /// The next frame's body; see frame_reader.
  expected<std::optional<std::string>> next() { return in_.next(); }

  /// Queues a whole frame, length included.
  void send(std::string_view frame) { out_.append(frame); }
  /// Queues a length and then the parts as one frame.
  void send_body(std::string_view head, std::string_view body);
  /// Writes what the socket takes. False if the peer is gone.
  bool flush();
  /// Bytes that the socket did not take yet.
  std::size_t backlog() const noexcept { return out_.size() - sent_; }

private:
  unique_fd socket_;
  frame_reader in_;
  std::string out_;
  std::size_t sent_ = 0;
};

} // namespace fabric::exec
