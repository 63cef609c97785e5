#include "fabric/config/show.hpp"

#include "fabric/config/dump.hpp"

namespace fabric::config {

namespace {

using json = nlohmann::ordered_json;

/// Writes a value over as many lines as it takes, and visits those that are set.
class printer {
public:
  explicit printer(const document& from) : from_(from) {}

  /// @param after what follows the value on its line: a comma, or nothing.
  void put(const json& value, const std::string& pointer, int depth, const char* after) {
    if (!value.is_structured() || value.empty()) {
      text += value.dump() + after + remark(pointer) + "\n";
      return;
    }
    text += value.is_array() ? "[\n" : "{\n";
    std::size_t index = 0;
    for (const auto& [key, item] : value.items()) {
      text += std::string(static_cast<std::size_t>(depth + 1) * 2, ' ');
      if (value.is_object()) text += json(key).dump() + ": ";
      put(item, join(pointer, key), depth + 1, ++index < value.size() ? "," : "");
    }
    text += std::string(static_cast<std::size_t>(depth) * 2, ' ') + (value.is_array() ? "]" : "}") + after + "\n";
  }

  std::string text;
  std::vector<std::string> set;

private:
  std::string remark(const std::string& pointer) {
    const auto found = from_.origins.find(pointer);
    if (found == from_.origins.end() || pointer.empty()) return {};
    set.push_back(pointer);
    const auto& [file, line] = found->second;
    return line == 0 ? " // " + file : " // line " + std::to_string(line);
  }

  const document& from_;
};

printer printed(const root& all, const document& from) {
  printer out(from);
  out.put(json::parse(dump(all, -1)), "", 0, "");
  return out;
}

} // namespace

std::string show(const root& all, const document& from) { return printed(all, from).text; }

std::vector<std::string> values_set(const root& all, const document& from) { return printed(all, from).set; }

} // namespace fabric::config
