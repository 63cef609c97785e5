#include "nodes/cli/text/parse_words.hpp"

#include "fabric/duration_text.hpp"

#include <algorithm>

namespace fabric::cli {

complaint read_duration(const std::string& text, std::optional<duration>& into) {
  auto d = parse_duration(text);
  if (!d) return d.error().message;
  into = *d;
  return {};
}

complaint read_states(const std::string& text, std::vector<job_state>& into) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto name = text.substr(begin, end - begin);
    const auto state = job_state_from(name);
    if (!state) return "\"" + name + "\" is no state: waiting, scheduled, ready, running, succeeded, buried, cancelled";
    into.push_back(*state);
    begin = end + 1;
  }
  return {};
}

} // namespace fabric::cli
