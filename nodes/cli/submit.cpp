#include "fabric/job/json.hpp"
#include "fabric/job/limits.hpp"

#include "nodes/cli/commands.hpp"
#include "nodes/cli/input.hpp"
#include "nodes/cli/receipt.hpp"
#include "nodes/cli/submitting.hpp"
#include "nodes/cli/waiting.hpp"

namespace fabric::cli {

namespace {

/// The job that the options describe.
expected<job_spec> read_spec(const submission& from) {
  job_spec spec = from.spec;
  if (from.input.starts_with('@') || from.input == "-") {
    auto text = read_all(from.input == "-" ? "-" : from.input.substr(1), 2 * limits::input_bytes);
    if (!text) return tl::unexpected{text.error()};
    spec.input = std::move(*text);
  } else if (!from.input.empty()) {
    spec.input = from.input;
  }
  return checked(std::move(spec));
}

} // namespace

exit_code submit(session& s) {
  if (!s.call.job.file.empty()) return submit_file(s);
  auto spec = read_spec(s.call.job);
  if (!spec) {
    s.failed(spec.error());
    return usage;
  }
  auto reply = submit_patiently(s, {std::move(*spec)});
  if (!reply) return s.failed(reply.error());
  const auto& receipt = reply->items.front();
  const auto code = print_receipt(s, 0, receipt);
  s.screen.flush();
  if (code != done || !s.call.job.wait) return code;
  return waiting(s, {receipt.id}).run();
}

} // namespace fabric::cli
