#pragma once

#include <set>
#include <string>
#include <string_view>

/// Certificates that are no longer believed although they have not expired. Pure.
namespace fabric::tls {

/// The serial numbers in a file with a line "SERIAL NAME" for each. Empty lines and what begins with # are comments.
std::set<std::string> parse_revocations(std::string_view text);

/// One line of that file, with a newline at its end.
std::string revocation_line(const std::string& serial, const std::string& name);

} // namespace fabric::tls
