#pragma once

#include <openssl/bio.h>

/// OpenSSL's view of a socket. For the sources of this folder only.
namespace fabric::tls {

/// Reads and writes a socket that does not block, which stays the caller's. Unlike OpenSSL's own it raises no SIGPIPE:
/// whoever links the client may want that signal. Null if there is no memory.
BIO* socket_bio(int socket);

} // namespace fabric::tls
