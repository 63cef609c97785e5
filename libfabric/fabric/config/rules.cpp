#include "fabric/config/rules.hpp"

#include "fabric/config/classes.hpp"
#include "fabric/config/endpoint.hpp"
#include "fabric/job/names.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace fabric::config::rules {

namespace {

/// What sockaddr_un has room for, less the terminating NUL and the runner's socket.
constexpr std::size_t data_path_max = 107 - std::string_view("/runner.sock").size();

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

bool is_word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

} // namespace

std::string any_text(const std::string&) { return {}; }

std::string no_nul(const std::string& text) { return has_nul(text) ? "must not hold a NUL byte" : ""; }

std::string name(const std::string& text) {
  if (is_name(text)) return {};
  return "\"" + text + "\" is no name: 1 to 64 letters, digits, \"_\", \".\" and \"-\"";
}

std::string node_name(const std::string& text) { return name_or_empty(text); }
std::string name_or_empty(const std::string& text) { return text.empty() ? "" : name(text); }

std::string class_name(const std::string& text) {
  if (text == ad_hoc_class) return "the class \"adhoc\" is built in; \"allow_ad_hoc\" switches it on";
  return name(text);
}

std::string listen(const std::string& text) {
  const auto where = parse_endpoint(text);
  if (!where) return where.error().message;
  if (is_address(where->host) || where->host == "localhost") return {};
  return "\"" + where->host +
         "\" is a name: an address to listen on is written in numbers (0.0.0.0 or [::] for all of them), or localhost";
}

std::string endpoint(const std::string& text) {
  const auto where = parse_endpoint(text);
  return where ? "" : where.error().message;
}

std::string absolute_path(const std::string& text) {
  if (has_nul(text)) return no_nul(text);
  return text.starts_with('/') ? "" : "\"" + text + "\" must be an absolute path";
}

std::string data_directory(const std::string& text) {
  if (auto wrong = absolute_path(text); !wrong.empty()) return wrong;
  if (text.size() <= data_path_max) return {};
  return "\"" + text + "\" has " + std::to_string(text.size()) + " bytes; " + std::to_string(data_path_max) +
         " at most, or the path of the socket in it gets too long";
}

std::string absolute_path_or_empty(const std::string& text) { return text.empty() ? "" : absolute_path(text); }

std::string variable_name(const std::string& text) {
  if (text.starts_with("FABRIC_")) return "names that begin with FABRIC_ are set by the fabric";
  const bool good = !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
                    std::all_of(text.begin(), text.end(), is_word_char);
  return good ? "" : "\"" + text + "\" is no variable's name: letters, digits and \"_\", no digit first";
}

std::string user(const std::string& text) {
  const bool good = text.size() <= 32 && !text.starts_with('-') && std::all_of(text.begin(), text.end(), [](char c) {
                      return is_word_char(c) || c == '-' || c == '.' || c == '$';
                    });
  return good ? "" : "\"" + text + "\" is no user's name";
}

} // namespace fabric::config::rules
