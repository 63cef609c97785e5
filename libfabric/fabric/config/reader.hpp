#pragma once

#include "fabric/config/document.hpp"
#include "fabric/config/fields.hpp"

#include <optional>
#include <string>
#include <vector>

/// Fills configuration structs from a document and notes everything that is wrong. What is missing keeps its default;
/// what is wrong too, so that reading goes on.
namespace fabric::config {

/// Where a value stands, and where to complain.
class place {
public:
  place(const document& doc, const nlohmann::json& value, std::string pointer, problems& out)
      : doc_(&doc), value_(&value), pointer_(std::move(pointer)), out_(&out) {}

  const nlohmann::json& value() const { return *value_; }
  const std::string& pointer() const { return pointer_; }
  std::optional<place> member(const std::string& key) const;
  place element(std::size_t index) const;

  void complain(std::string message) const { complain_at(pointer_, std::move(message)); }
  /// Complains of a key of this object.
  void complain_of(const std::string& key, std::string message) const {
    complain_at(join(pointer_, key), std::move(message));
  }
  /// Complains "must be WHAT, not KIND" unless `ok`; returns `ok`.
  bool require(bool ok, const std::string& what) const;

private:
  void complain_at(const std::string& pointer, std::string message) const;

  const document* doc_;
  const nlohmann::json* value_;
  std::string pointer_;
  problems* out_;
};

void read(const place& at, bool& into, const flag& rule);
void read(const place& at, std::uint32_t& into, const whole& rule);
void read(const place& at, std::uint64_t& into, const whole& rule);
void read(const place& at, double& into, const real& rule);
void read(const place& at, std::uint64_t& into, const bytes& rule);
void read(const place& at, duration& into, const span& rule);
void read(const place& at, std::optional<duration>& into, const span& rule);
template <class Rule> void read(const place& at, std::optional<std::uint64_t>& into, const Rule& rule) {
  if (at.value().is_null()) return into.reset();
  read(at, into.emplace(), rule);
}
void read(const place& at, std::string& into, const words& rule);
void read(const place& at, std::string& into, const one_of& rule);
void read(const place& at, std::vector<std::string>& into, const argv& rule);
void read(const place& at, std::vector<std::string>& into, const text_list& rule);
void read(const place& at, lane_place& into, const lane_home& rule);
void read(const place& at, handler_threads& into, const thread_count& rule);
void read(const place& at, on_timeout& into, const way_out& rule);
void read(const place& at, std::vector<policy::demotion_mode>& into, const mode_list& rule);
void read(const place& at, std::map<std::string, std::string>& into, const raw_json& rule);

/// Complains of a key of `at` that is not in `known`, with the nearest one.
void check_keys(const place& at, const std::vector<std::string>& known);

template <class T, class Rule> void read(const place& at, std::map<std::string, T>& into, const each<Rule>& rule) {
  if (!at.require(at.value().is_object(), "an object")) return;
  into.clear();
  for (const auto& [key, value] : at.value().items()) {
    if (auto wrong = rule.key(key); !wrong.empty()) at.complain_of(key, wrong);
    T one{};
    read(*at.member(key), one, rule.value);
    into.emplace(key, std::move(one));
  }
}

class reader {
public:
  explicit reader(place at) : at_(std::move(at)) {}

  /// Reads one object.
  template <class T> static void object(const place& at, T& into) {
    if (!at.require(at.value().is_object(), "an object")) return;
    reader inner(at);
    fields(inner, into);
    check_keys(at, inner.known_);
  }

  template <class T, class Rule> void operator()(const char* key, T& member, const Rule& rule) {
    if (auto found = find(key)) read(*found, member, rule);
  }
  template <class T> void section(const char* key, T& member) {
    if (auto found = find(key)) object(*found, member);
  }
  template <class T> void list(const char* key, std::vector<T>& members) {
    auto found = find(key);
    if (!found || !found->require(found->value().is_array(), "an array")) return;
    members.assign(found->value().size(), T{});
    for (std::size_t i = 0; i < members.size(); ++i) object(found->element(i), members[i]);
  }
  template <class T> void table(const char* key, std::map<std::string, T>& members, text_rule names) {
    auto found = find(key);
    if (!found || !found->require(found->value().is_object(), "an object")) return;
    members.clear();
    for (const auto& [name, value] : found->value().items()) {
      if (auto wrong = names(name); !wrong.empty()) found->complain_of(name, wrong);
      object(*found->member(name), members[name]);
    }
  }

private:
  std::optional<place> find(const char* key) {
    known_.emplace_back(key);
    return at_.member(key);
  }

  place at_;
  std::vector<std::string> known_;
};

} // namespace fabric::config
