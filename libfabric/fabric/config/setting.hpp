#pragma once

#include "fabric/config/document.hpp"
#include "fabric/error.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

/// One value given beside the file: `fabricd --set /node/allow_root=true`. Pure.
namespace fabric::config {

struct setting {
  std::string pointer;
  nlohmann::json value;
};

/// Takes "POINTER=VALUE" or "dotted.path=VALUE" apart at the first "=". VALUE is JSON; what is not JSON is taken as a
/// string, so `node.data=/tmp/x` and `/lanes/0/budget=1s` need no quotes. errc::bad_input: no "=", no path, a path
/// with an empty step.
expected<setting> parse_setting(std::string_view text);

/// Puts `what` into the document. Objects on the way are created; an element of an array must exist, or be the next
/// one ("-"). `lanes` begins as the default lanes where the file names none. What cannot be put anywhere becomes a
/// problem of the document. Problems with the value name "--set".
void apply(const setting& what, document& doc);

} // namespace fabric::config
