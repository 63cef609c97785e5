#include "fabric/tls/socket_bio.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

namespace fabric::tls {

namespace {

int socket_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

bool is_temporary(int code) { return code == EAGAIN || code == EWOULDBLOCK || code == EINTR; }

int write_some(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto n = ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (n < 0 && is_temporary(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

int read_some(BIO* bio, char* bytes, int room) {
  BIO_clear_retry_flags(bio);
  errno = 0;
  const auto n = ::recv(socket_of(bio), bytes, static_cast<std::size_t>(room), 0);
  if (n < 0 && is_temporary(errno)) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

long control(BIO* bio, int what, long, void*) {
  if (what == BIO_CTRL_FLUSH) return 1; // Nothing is kept back.
  if (what == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

int begin(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* make_method() {
  auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fabric socket");
  if (!made) return nullptr;
  BIO_meth_set_write(made, write_some);
  BIO_meth_set_read(made, read_some);
  BIO_meth_set_ctrl(made, control);
  BIO_meth_set_create(made, begin);
  return made;
}

} // namespace

BIO* socket_bio(int socket) {
  static BIO_METHOD* const method = make_method(); // For as long as the process lives.
  auto* made = method ? BIO_new(method) : nullptr;
  if (made) BIO_set_data(made, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  return made;
}

} // namespace fabric::tls
