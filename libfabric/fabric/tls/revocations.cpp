#include "fabric/tls/revocations.hpp"

#include <algorithm>

namespace fabric::tls {

std::set<std::string> parse_revocations(std::string_view text) {
  std::set<std::string> serials;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto serial = line.substr(0, line.find_first_of(" \t\r"));
    if (!serial.empty() && serial.front() != '#') serials.emplace(serial);
  }
  return serials;
}

std::string revocation_line(const std::string& serial, const std::string& name) { return serial + " " + name + "\n"; }

} // namespace fabric::tls
