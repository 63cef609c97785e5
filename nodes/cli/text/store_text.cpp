#include "nodes/cli/text/store_text.hpp"

#include "fabric/bytes_text.hpp"
#include "fabric/time_text.hpp"

#include "nodes/cli/text/human.hpp"
#include "nodes/cli/text/printable.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fabric::cli {

namespace {

using nlohmann::json;

struct totals {
  std::uint64_t waiting = 0, scheduled = 0, ready = 0, running = 0, succeeded = 0, buried = 0, cancelled = 0;
};

totals totals_of(const store::store_info& info) {
  totals sum;
  for (const auto& lane : info.lanes) {
    sum.waiting += lane.waiting;
    sum.scheduled += lane.scheduled;
    sum.ready += lane.ready;
    sum.running += lane.running;
    sum.succeeded += lane.succeeded;
    sum.buried += lane.buried;
    sum.cancelled += lane.cancelled;
  }
  return sum;
}

std::string oldest_text(const std::optional<store::oldest_job>& oldest, time_point now) {
  if (!oldest) return "none";
  return fmt::format("job {} ({}), submitted {}", oldest->id, to_string(oldest->state),
                     human_age(oldest->submitted_at, now));
}

} // namespace

std::string store_text(const store::store_info& info, const spool_size& spool, time_point now) {
  std::string out;
  const auto line = [&](std::string_view name, const std::string& text) {
    out += fmt::format("{:<12} {}\n", name, text);
  };
  const auto sum = totals_of(info);
  line("path", printable(info.path));
  line("schema", fmt::format("version {}, SQLite {}, journal mode {}", info.schema, info.sqlite, info.journal_mode));
  line("state", info.closed_cleanly ? "closed" : "in use, or its fabricd was killed");
  line("file", fmt::format("{}: {} pages, {} of them free", human_bytes(info.file_bytes), human_count(info.pages),
                           human_count(info.free_pages)));
  line("log", human_bytes(info.log_bytes));
  line("reserve", human_bytes(info.reserve_bytes));
  line("spool", fmt::format("{} in {} files", human_bytes(spool.bytes), human_count(spool.files)));
  line("jobs", fmt::format("{} waiting, {} scheduled, {} ready, {} running, {} succeeded, {} buried, {} cancelled",
                           human_count(sum.waiting), human_count(sum.scheduled), human_count(sum.ready),
                           human_count(sum.running), human_count(sum.succeeded), human_count(sum.buried),
                           human_count(sum.cancelled)));
  line("oldest", oldest_text(info.oldest, now));
  line("attempts", human_count(info.attempts));
  line("events", human_count(info.events));
  line("last given",
       fmt::format("fence {}, job at most {}, event at most {}", info.fence, info.job_mark, info.event_mark));
  line("stale ends", fmt::format("{} refused", human_count(info.stale_ends)));
  return out;
}

json store_json(const store::store_info& info, const spool_size& spool) {
  const auto sum = totals_of(info);
  json oldest;
  if (info.oldest)
    oldest = {{"id", info.oldest->id},
              {"state", to_string(info.oldest->state)},
              {"submitted_at", format_time(info.oldest->submitted_at)}};
  return {{"path", info.path},
          {"schema", info.schema},
          {"sqlite", info.sqlite},
          {"journal_mode", info.journal_mode},
          {"closed_cleanly", info.closed_cleanly},
          {"file_bytes", info.file_bytes},
          {"log_bytes", info.log_bytes},
          {"reserve_bytes", info.reserve_bytes},
          {"spool_bytes", spool.bytes},
          {"spool_files", spool.files},
          {"pages", info.pages},
          {"free_pages", info.free_pages},
          {"page_size", info.page_size},
          {"jobs",
           {{"waiting", sum.waiting},
            {"scheduled", sum.scheduled},
            {"ready", sum.ready},
            {"running", sum.running},
            {"succeeded", sum.succeeded},
            {"buried", sum.buried},
            {"cancelled", sum.cancelled}}},
          {"oldest", oldest},
          {"attempts", info.attempts},
          {"events", info.events},
          {"fence", info.fence},
          {"job_mark", info.job_mark},
          {"event_mark", info.event_mark},
          {"stale_ends", info.stale_ends}};
}

std::string violations_text(const std::vector<store::violation>& found) {
  std::string out;
  for (const auto& one : found) out += printable(one.rule) + ": " + printable(one.what) + "\n";
  return out;
}

json violations_json(const std::vector<store::violation>& found) {
  json out = json::array();
  for (const auto& one : found) out.push_back({{"rule", one.rule}, {"what", one.what}});
  return out;
}

} // namespace fabric::cli
