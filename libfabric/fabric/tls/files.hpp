#pragma once

#include "fabric/error.hpp"
#include "fabric/tls/layout.hpp"

#include <string>
#include <string_view>

/// Certificates and keys on disk. Any thread.
namespace fabric::tls {

/// What one who takes part needs, as PEM. A copy: what becomes of the files later does not matter to it.
struct credentials {
  std::string authority, certificate, key;
  std::string place; ///< The certificate's path, for messages.
};

/// @returns errc::not_found, errc::io_error; errc::not_allowed for a key that others could read; errc::bad_input for
/// what does not fit together. The message names the file.
expected<credentials> read_credentials(role whose, const credential_files& from);

/// The first credentials of a client that are in one of these directories, see client_files_in().
/// @returns errc::not_found naming all places if there are none; else as read_credentials().
expected<credentials> find_client_credentials(const std::vector<std::string>& directories);

/// The content of a small file. errc::not_found, errc::not_allowed, errc::io_error, with the path in the message.
expected<std::string> read_pem(const std::string& path);

/// errc::not_allowed if others could use the key in this file; see wrong_with_key_mode(). errc::io_error.
expected<void> check_key_mode(role whose, const std::string& path);

/// The surroundings of this process.
surroundings here(std::string given = {});

/// Replaces a file's content, durably, or leaves it as it was. @param mode of a new file, whatever the umask; one that
/// is replaced keeps its mode and group.
/// errc::io_error, errc::disk_full.
expected<void> write_whole(const std::string& path, std::string_view content, unsigned mode);

/// Makes a directory for its owner only, if it is not there. errc::io_error.
expected<void> make_private_directory(const std::string& path);

} // namespace fabric::tls
