#include "nodes/cli/receipt.hpp"

#include "fabric/job/strict_json.hpp"

#include "nodes/cli/text/printable.hpp"
#include "nodes/cli/text/report_json.hpp"

#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

std::string place(const session& s, std::uint64_t line) {
  if (line == 0) return {};
  return (s.call.job.file == "-" ? "stdin" : s.call.job.file) + ":" + std::to_string(line) + ": ";
}

} // namespace

exit_code print_receipt(session& s, std::uint64_t line, const actors::receipt& r) {
  if (s.call.json) {
    nlohmann::json out;
    if (line != 0) out["line"] = line;
    if (r.failure)
      out["error"] = to_json(*r.failure);
    else
      out.update({{"id", r.id}, {"duplicate", r.duplicate}});
    s.screen.line(json_text(out));
  } else if (!r.failure) {
    s.screen.line(std::to_string(r.id));
  }
  if (r.failure)
    s.screen.notice(printable(place(s, line) + render(*r.failure)));
  else if (r.duplicate && !s.call.json)
    s.screen.notice(printable(place(s, line)) + "job " + std::to_string(r.id) + " has this idempotency key already");
  return r.failure ? exit_code_for(r.failure->code) : done;
}

} // namespace fabric::cli
