#include "fabric/config/problem.hpp"

namespace fabric::config {

std::string render(const problem& p) {
  std::string text = p.file;
  if (p.line > 0) text += (text.empty() ? "line " : ":") + std::to_string(p.line);
  if (!text.empty()) text += ": ";
  if (!p.pointer.empty()) text += p.pointer + ": ";
  return text + p.message;
}

std::string render(const problems& all) {
  std::string text;
  for (const auto& p : all) text += render(p) + "\n";
  return text;
}

} // namespace fabric::config
