#include "fabric/config/cell_terms.hpp"

#include "fabric/config/reader.hpp"
#include "fabric/config/writer.hpp"

#include <algorithm>

namespace fabric::config {

namespace {

/// What the scheduler decides about a class.
struct class_terms {
  retry_policy backoff;
  std::vector<policy::demotion_mode> on_timeout;
};

template <class At> void fields(At& at, class_terms& c) {
  at.section("backoff", c.backoff);
  at("on_timeout", c.on_timeout, mode_list{});
}

struct terms {
  std::vector<lane> lanes;
  config::routing routing;
  config::limits limits;
  config::lease lease;
  bool allow_ad_hoc = false;
  std::map<std::string, class_terms> classes;
};

template <class At> void fields(At& at, terms& t) {
  at.list("lanes", t.lanes);
  at.section("routing", t.routing);
  at.section("limits", t.limits);
  at.section("lease", t.lease);
  at("allow_ad_hoc", t.allow_ad_hoc, flag{});
  at.table("classes", t.classes, rules::class_name);
}

expected<terms> read_terms(std::string_view text) {
  auto doc = parse_document(text, "the scheduler's terms");
  if (!doc) return fail(errc::bad_input, render(doc.error()));
  auto found = doc->found;
  terms all;
  reader::object(place(*doc, doc->value, "", found), all);
  if (!found.empty()) return fail(errc::bad_input, render(found));
  return all;
}

root merged(root own, const terms& all) {
  own.lanes = all.lanes;
  own.routing = all.routing;
  own.limits = all.limits;
  own.lease = all.lease;
  own.allow_ad_hoc = own.allow_ad_hoc && all.allow_ad_hoc;
  return own;
}

} // namespace

std::string cell_terms(const root& scheduler) {
  terms all{scheduler.lanes, scheduler.routing, scheduler.limits, scheduler.lease, scheduler.allow_ad_hoc, {}};
  for (const auto& [name, one] : scheduler.classes) all.classes[name] = {one.backoff, one.on_timeout};
  return writer::object_of(all).dump();
}

expected<root> under_terms(root own, std::string_view text) {
  const auto all = read_terms(text);
  if (!all) return tl::unexpected{all.error()};
  return merged(std::move(own), *all);
}

expected<root> lane_terms(root own, std::string_view text) {
  const auto all = read_terms(text);
  if (!all) return tl::unexpected{all.error()};
  own = merged(std::move(own), *all);
  own.classes.clear();
  for (const auto& [name, one] : all->classes) {
    own.classes[name].backoff = one.backoff;
    own.classes[name].on_timeout = one.on_timeout;
  }
  return own;
}

std::vector<std::string> unknown_lanes(const std::map<std::string, std::uint32_t>& workers, const root& cell) {
  std::vector<std::string> unknown;
  for (const auto& [name, slots] : workers)
    if (std::none_of(cell.lanes.begin(), cell.lanes.end(), [&name = name](const lane& l) { return l.name == name; }))
      unknown.push_back(name);
  return unknown;
}

} // namespace fabric::config
