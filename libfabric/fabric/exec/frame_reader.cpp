#include "fabric/exec/protocol.hpp"

namespace fabric::exec {

void frame_reader::feed(std::string_view bytes) {
  if (begin_ > 0 && begin_ >= buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
}

expected<std::optional<std::string>> frame_reader::next() {
  const auto have = buffer_.size() - begin_;
  if (have < 4) return std::optional<std::string>{};
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    size |= static_cast<std::uint32_t>(static_cast<unsigned char>(buffer_[begin_ + i])) << (8 * i);
  if (size > frame_max) return fail(errc::too_large, "a frame of " + std::to_string(size) + " bytes is over 4 MiB");
  if (have - 4 < size) return std::optional<std::string>{};
  std::optional<std::string> body = buffer_.substr(begin_ + 4, size);
  begin_ += 4 + size;
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    begin_ = 0;
  }
  return body;
}

} // namespace fabric::exec
