#include "fabric/config/document.hpp"

#include <algorithm>
#include <iterator>

namespace fabric::config {

namespace {

using nlohmann::json;

/// Tells how far the lexer has read. It reads one character beyond a number and nothing beyond anything else, and only
/// a character strictly before the last one read counts: so a line break after a number does not move it.
class tracked {
public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  tracked(const char* at, const char** last) : at_(at), last_(last) {}
  reference operator*() const {
    *last_ = at_;
    return *at_;
  }
  tracked& operator++() {
    ++at_;
    return *this;
  }
  tracked operator++(int) {
    auto before = *this;
    ++at_;
    return before;
  }
  bool operator==(const tracked& other) const { return at_ == other.at_; }
  bool operator!=(const tracked& other) const { return at_ != other.at_; }

private:
  const char* at_;
  const char** last_;
};

/// Builds the value and notes the line of each of its parts.
class builder : public nlohmann::json_sax<json> {
public:
  builder(std::string_view text, std::string file)
      : counted_(text.data()), last_(text.data()), file_(std::move(file)) {}

  const char** last() { return &last_; }
  document take() { return std::move(out_); }
  problem failure; ///< Set when parsing ended with false.

  bool null() override { return put(nullptr); }
  bool boolean(bool v) override { return put(v); }
  bool number_integer(number_integer_t v) override { return put(v); }
  bool number_unsigned(number_unsigned_t v) override { return put(v); }
  bool number_float(number_float_t v, const string_t&) override { return put(v); }
  bool string(string_t& v) override { return put(std::move(v)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto& top = open_.back();
    top.key = name;
    const auto where = join(top.pointer, name);
    if (top.value->contains(name))
      out_.found.push_back(
          {file_, line(), where, "appears twice; the first is on line " + std::to_string(out_.origins[where].line)});
    out_.origins[where] = {file_, line()};
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    const std::string text = e.what();
    const auto column = text.find("column ");
    const auto cut = column == std::string::npos ? column : text.find(": ", column);
    failure = {file_, line(), "", "not valid JSON: " + (cut == std::string::npos ? text : text.substr(cut + 2))};
    return false;
  }

private:
  struct level {
    json* value;
    std::string pointer;
    std::string key;
  };

  unsigned line() {
    line_ += static_cast<unsigned>(std::count(counted_, last_, '\n'));
    counted_ = std::max(counted_, last_);
    return line_;
  }

  /// The pointer at which the next value goes.
  std::string next_pointer() const {
    if (open_.empty()) return "";
    const auto& top = open_.back();
    return join(top.pointer, top.value->is_array() ? std::to_string(top.value->size()) : top.key);
  }

  json* place(json v) {
    if (open_.empty()) return &(out_.value = std::move(v));
    auto& top = open_.back();
    if (top.value->is_object()) return &((*top.value)[top.key] = std::move(v));
    top.value->push_back(std::move(v));
    return &top.value->back();
  }

  template <class T> bool put(T&& v) {
    out_.origins.try_emplace(next_pointer(), origin{file_, line()});
    place(json(std::forward<T>(v)));
    return true;
  }

  bool open(json empty) {
    auto pointer = next_pointer();
    if (open_.size() >= document_depth) {
      failure = {file_, line(), pointer, "nested deeper than " + std::to_string(document_depth) + " levels"};
      return false;
    }
    out_.origins.try_emplace(pointer, origin{file_, line()});
    // Pointers into the value stay good: only the innermost open array or object grows.
    open_.push_back({place(std::move(empty)), std::move(pointer), {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  document out_;
  std::vector<level> open_;
  const char* counted_; ///< Line breaks before it are in line_.
  const char* last_;    ///< The last character the lexer has read.
  unsigned line_ = 1;
  std::string file_;
};

} // namespace

std::string join(const std::string& pointer, std::string_view key) {
  std::string out = pointer + "/";
  for (char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

const origin& document::origin_of(std::string pointer) const {
  static const origin nowhere;
  for (;;) {
    if (const auto it = origins.find(pointer); it != origins.end()) return it->second;
    if (pointer.empty()) return nowhere;
    pointer.erase(pointer.rfind('/'));
  }
}

tl::expected<document, problem> parse_document(std::string_view text, const std::string& file) {
  if (text.size() > document_bytes)
    return tl::unexpected(
        problem{file, 0, "", "larger than " + std::to_string(document_bytes) + " bytes, the limit for a config"});
  builder build(text, file);
  const tracked first(text.data(), build.last());
  const tracked last(text.data() + text.size(), build.last());
  const bool ok = json::sax_parse(first, last, &build, json::input_format_t::json, true, true);
  if (!ok) return tl::unexpected(build.failure);
  auto doc = build.take();
  if (!doc.value.is_object())
    return tl::unexpected(problem{file, doc.origins[""].line, "", "must be an object: { … }"});
  return doc;
}

} // namespace fabric::config
