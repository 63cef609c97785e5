#include "fabric/job/strict_json.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace fabric {

namespace {

using nlohmann::json;

/// Takes the parser's events, builds the value and stops at the first offence.
class strict_builder {
public:
  explicit strict_builder(std::size_t depth_max) : depth_max_(depth_max) {}

  json take_root() { return std::move(root_); }
  error take_problem() { return std::move(problem_); }

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(json::binary_t&) { return refuse("binary values are not JSON"); }

  bool number_float(double value, const std::string& token) {
    if (token.find_first_of(".eE") == std::string::npos) return refuse("the integer does not fit into 64 bits");
    return add(value);
  }

  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    level& top = levels_.back();
    top.key = std::move(name);
    top.in_member = true;
    return !top.container->contains(top.key) || refuse("the key occurs twice in its object");
  }

  bool parse_error(std::size_t position, const std::string&, const json::exception& why) {
    constexpr int number_overflow = 406;
    if (why.id == number_overflow) return refuse("the number does not fit into a double");
    return refuse("not valid JSON at byte " + std::to_string(position) + cause(why.what()));
  }

private:
  struct level {
    json* container;
    std::string key;        ///< Of the member being read, in an object.
    bool in_member = false; ///< Between a key and the end of its value.
  };

  bool add(json value) {
    place(std::move(value));
    after_value();
    return true;
  }

  bool open(json empty) {
    if (levels_.size() >= depth_max_) return refuse("nested deeper than " + std::to_string(depth_max_) + " levels");
    json* container = place(std::move(empty));
    levels_.push_back({container, {}});
    return true;
  }

  bool close() {
    levels_.pop_back();
    after_value();
    return true;
  }

  /// The addresses on the stack stay valid: a container only grows while none of its elements is open.
  json* place(json value) {
    if (levels_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    level& top = levels_.back();
    if (top.container->is_object()) return &((*top.container)[top.key] = std::move(value));
    top.container->push_back(std::move(value));
    return &top.container->back();
  }

  void after_value() {
    if (!levels_.empty()) levels_.back().in_member = false;
  }

  bool refuse(std::string message) {
    problem_ = {errc::bad_input, std::move(message), here()};
    return false;
  }

  std::string here() const {
    std::string pointer;
    for (const level& l : levels_) {
      const bool innermost = &l == &levels_.back();
      if (l.container->is_object() && l.in_member)
        pointer = pointer_to(pointer, l.key);
      else if (l.container->is_array()) // An open element is in the array already, a scalar not yet.
        pointer = pointer_to(pointer, std::to_string(l.container->size() - (innermost ? 0 : 1)));
    }
    return pointer;
  }

  /// The library's own words, without its prefix and without the bytes it read, which may be many and not UTF-8.
  static std::string cause(std::string_view what) {
    const std::size_t from = what.find(" - ");
    if (from == std::string_view::npos) return {};
    what.remove_prefix(from + 3);
    return ": " + std::string(what.substr(0, what.find("; last read")));
  }

  std::size_t depth_max_;
  json root_;
  std::vector<level> levels_;
  error problem_;
};

tl::unexpected<error> over(std::size_t bytes, std::size_t limit) {
  return fail(errc::too_large,
              "the JSON text has " + std::to_string(bytes) + " bytes, more than the limit of " + std::to_string(limit));
}

} // namespace

expected<json> parse_strict(std::string_view text, json_limits limits) {
  if (text.size() > limits.bytes) return over(text.size(), limits.bytes);
  if (text.starts_with("\xEF\xBB\xBF")) // The library would skip it.
    return fail(errc::bad_input, "the JSON text begins with a byte order mark");
  if (text.find('\0') != std::string_view::npos) // The library would take it, and whatever follows, as the end.
    return fail(errc::bad_input, "the JSON text contains a NUL byte");
  strict_builder builder(limits.depth);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) return tl::unexpected<error>(builder.take_problem());
  return builder.take_root();
}

expected<std::string> compact_json(std::string_view text, json_limits limits) {
  return parse_strict(text, limits).and_then([&](const json& value) -> expected<std::string> {
    std::string compact = json_text(value);
    if (compact.size() > limits.bytes) // 1e300 becomes 1e+300: compact is not always shorter.
      return over(compact.size(), limits.bytes);
    return compact;
  });
}

std::string json_text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

bool is_utf8(std::string_view text) {
  try {
    (void)json(std::string(text)).dump();
    return true;
  } catch (const json::type_error&) { // The library has no other way to say it.
    return false;
  }
}

std::string pointer_to(std::string_view parent, std::string_view key) {
  const bool cut = key.size() > limits::name_bytes;
  if (cut) {
    std::size_t end = limits::name_bytes;
    while (end > 0 && (static_cast<unsigned char>(key[end]) & 0xC0) == 0x80) // Not within a character.
      --end;
    key = key.substr(0, end);
  }
  std::string pointer(parent);
  pointer += '/';
  for (const char c : key) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return cut ? pointer + "…" : pointer;
}

} // namespace fabric
