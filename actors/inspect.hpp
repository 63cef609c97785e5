#pragma once

#include "actors/messages.hpp"

/// How the messages between processes are written and read: every field, in the order of its struct; enumerations as
/// one byte whose range is checked. Found by argument-dependent lookup, hence in the namespaces of the types.
namespace fabric {

/// An enumeration with the values 0 .. last. Reading another value fails the whole message.
template <class Inspector, class Enum> auto enum_field(Inspector& f, const char* name, Enum& x, Enum last) {
  return f.field(
      name, [&x] { return static_cast<std::uint8_t>(x); },
      [&x, last](std::uint8_t value) {
        if (value > static_cast<std::uint8_t>(last)) return false;
        x = static_cast<Enum>(value);
        return true;
      });
}

template <class Inspector> bool inspect(Inspector& f, error& x) {
  return f.object(x).fields(enum_field(f, "code", x.code, errc::io_error), f.field("message", x.message),
                            f.field("where", x.where));
}

template <class Inspector> bool inspect(Inspector& f, job_spec& x) {
  return f.object(x).fields(f.field("job_class", x.job_class), f.field("input", x.input),
                            f.field("priority", x.priority), f.field("delay", x.delay), f.field("lane", x.lane),
                            f.field("idempotency_key", x.idempotency_key), f.field("max_attempts", x.max_attempts),
                            f.field("owner", x.owner), f.field("labels", x.labels),
                            f.field("ordering_key", x.ordering_key));
}

template <class Inspector> bool inspect(Inspector& f, attempt_counts& x) {
  return f.object(x).fields(f.field("failures", x.failures), f.field("memory", x.memory), f.field("lost", x.lost),
                            f.field("demoted", x.demoted), f.field("checkpointed", x.checkpointed));
}

template <class Inspector> bool inspect(Inspector& f, job& x) {
  return f.object(x).fields(
      f.field("id", x.id), f.field("job_class", x.job_class), f.field("lane", x.lane),
      enum_field(f, "state", x.state, job_state::cancelled), f.field("priority", x.priority),
      f.field("version", x.version), f.field("demoted_order", x.demoted_order),
      f.field("overflow_from", x.overflow_from), f.field("run_at", x.run_at), f.field("submitted_at", x.submitted_at),
      f.field("finished_at", x.finished_at), f.field("fence", x.fence), f.field("attempt", x.attempt),
      f.field("max_attempts", x.max_attempts), f.field("counts", x.counts),
      f.field("idempotency_key", x.idempotency_key), f.field("owner", x.owner), f.field("labels", x.labels),
      f.field("reason", x.reason), f.field("cancel_requested", x.cancel_requested), f.field("node", x.node),
      f.field("lease", x.lease), f.field("lane_deaths", x.lane_deaths), f.field("wasted", x.wasted),
      f.field("ran_before", x.ran_before), f.field("kept_on", x.kept_on), f.field("kept_work", x.kept_work),
      f.field("ordering_key", x.ordering_key), f.field("key_order", x.key_order));
}

template <class Inspector> bool inspect(Inspector& f, key_line& x) {
  return f.object(x).fields(f.field("first", x.first),
                            enum_field(f, "first_state", x.first_state, job_state::cancelled),
                            f.field("ahead", x.ahead));
}

template <class Inspector> bool inspect(Inspector& f, attempt& x) {
  return f.object(x).fields(f.field("job", x.job), f.field("number", x.number), f.field("fence", x.fence),
                            f.field("node", x.node), f.field("worker", x.worker), f.field("lane", x.lane),
                            f.field("leased_at", x.leased_at), f.field("started_at", x.started_at),
                            f.field("ended_at", x.ended_at), enum_field(f, "ended_as", x.ended_as, outcome::cancelled),
                            f.field("run_time", x.run_time), f.field("report", x.report), f.field("saved", x.saved));
}

template <class Inspector> bool inspect(Inspector& f, lane_pause& x) {
  return f.object(x).fields(f.field("since", x.since), f.field("until", x.until), f.field("reason", x.reason));
}

template <class Inspector> bool inspect(Inspector& f, held_attempt& x) {
  return f.object(x).fields(f.field("fence", x.fence), f.field("job", x.job), f.field("attempt", x.attempt),
                            f.field("ran", x.ran), f.field("lane", x.lane));
}

template <class Inspector> bool inspect(Inspector& f, seen_progress& x) {
  return f.object(x).fields(f.field("state", x.state), f.field("age", x.age));
}

} // namespace fabric

namespace fabric::store {

template <class Inspector> bool inspect(Inspector& f, event& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("at", x.at), f.field("kind", x.kind), f.field("job", x.job),
                            f.field("job_class", x.job_class), f.field("lane", x.lane), f.field("node", x.node),
                            f.field("attempt", x.attempt), f.field("text", x.text));
}

template <class Inspector> bool inspect(Inspector& f, job_filter& x) {
  auto states = [&x] {
    std::vector<std::uint8_t> bytes;
    for (const auto s : x.states) bytes.push_back(static_cast<std::uint8_t>(s));
    return bytes;
  };
  auto set_states = [&x](const std::vector<std::uint8_t>& bytes) {
    x.states.clear();
    for (const auto b : bytes) {
      if (b > static_cast<std::uint8_t>(job_state::cancelled)) return false;
      x.states.push_back(static_cast<job_state>(b));
    }
    return true;
  };
  return f.object(x).fields(f.field("states", states, set_states), f.field("lane", x.lane),
                            f.field("job_class", x.job_class), f.field("after", x.after), f.field("limit", x.limit));
}

template <class Inspector> bool inspect(Inspector& f, waste_totals& x) {
  return f.object(x).fields(f.field("lanes", x.lanes), f.field("classes", x.classes), f.field("nodes", x.nodes));
}

template <class Inspector> bool inspect(Inspector& f, lane_counts& x) {
  return f.object(x).fields(f.field("lane", x.lane), f.field("waiting", x.waiting), f.field("scheduled", x.scheduled),
                            f.field("ready", x.ready), f.field("running", x.running), f.field("succeeded", x.succeeded),
                            f.field("buried", x.buried), f.field("cancelled", x.cancelled),
                            f.field("demoted_out", x.demoted_out), f.field("wasted", x.wasted));
}

} // namespace fabric::store

namespace fabric::lane {

template <class Inspector> bool inspect(Inspector& f, status& x) {
  return f.object(x).fields(f.field("name", x.name), f.field("serving", x.serving), f.field("ready", x.ready),
                            f.field("scheduled", x.scheduled), f.field("running", x.running), f.field("slots", x.slots),
                            f.field("busy", x.busy), f.field("offered", x.offered),
                            f.field("oldest_wait", x.oldest_wait), f.field("epoch", x.epoch), f.field("pause", x.pause),
                            f.field("heard", x.heard), f.field("classes", x.classes), f.field("startable", x.startable),
                            f.field("leasing", x.leasing), f.field("granted", x.granted));
}

} // namespace fabric::lane

namespace fabric::node {

template <class Inspector> bool inspect(Inspector& f, memory_state& x) {
  return f.object(x).fields(f.field("low", x.low), f.field("available", x.available), f.field("wanted", x.wanted));
}

template <class Inspector> bool inspect(Inspector& f, fate& x) {
  return f.object(x).fields(f.field("job", x.job), f.field("attempt", x.attempt), f.field("what", x.what),
                            f.field("left", x.left));
}

template <class Inspector> bool inspect(Inspector& f, worker_status& x) {
  return f.object(x).fields(f.field("name", x.name), f.field("lane", x.lane), f.field("slots", x.slots),
                            f.field("leaked", x.leaked), f.field("draining", x.draining),
                            f.field("runner_up", x.runner_up), f.field("held", x.held), f.field("memory", x.memory));
}

} // namespace fabric::node

namespace fabric::scheduler {

template <class Inspector> bool inspect(Inspector& f, node_status& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("boot", x.boot), f.field("silent", x.silent),
                            f.field("held", x.held), f.field("lost", x.lost));
}

template <class Inspector> bool inspect(Inspector& f, reason& x) {
  return f.object(x).fields(f.field("what", x.what), f.field("text", x.text));
}

template <class Inspector> bool inspect(Inspector& f, time_part& x) {
  return f.object(x).fields(enum_field(f, "what", x.what, activity::earlier), f.field("attempt", x.attempt),
                            f.field("length", x.length));
}

} // namespace fabric::scheduler

namespace fabric::actors {

template <class Inspector> bool inspect(Inspector& f, submit_jobs& x) {
  return f.object(x).fields(f.field("specs", x.specs));
}

template <class Inspector> bool inspect(Inspector& f, receipt& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("duplicate", x.duplicate), f.field("failure", x.failure));
}

template <class Inspector> bool inspect(Inspector& f, receipts& x) {
  return f.object(x).fields(f.field("items", x.items));
}

template <class Inspector> bool inspect(Inspector& f, cancel_jobs& x) {
  return f.object(x).fields(f.field("ids", x.ids));
}

template <class Inspector> bool inspect(Inspector& f, kick_jobs& x) {
  return f.object(x).fields(f.field("ids", x.ids));
}

template <class Inspector> bool inspect(Inspector& f, reset_jobs& x) {
  return f.object(x).fields(f.field("ids", x.ids));
}

template <class Inspector> bool inspect(Inspector& f, get_jobs& x) { return f.object(x).fields(f.field("ids", x.ids)); }

template <class Inspector> bool inspect(Inspector& f, list_jobs& x) {
  return f.object(x).fields(f.field("filter", x.filter));
}

template <class Inspector> bool inspect(Inspector& f, job_page& x) {
  return f.object(x).fields(f.field("jobs", x.jobs), f.field("failure", x.failure));
}

template <class Inspector> bool inspect(Inspector& f, wait_jobs& x) {
  return f.object(x).fields(f.field("ids", x.ids), f.field("patience", x.patience));
}

template <class Inspector> bool inspect(Inspector& f, get_details& x) {
  return f.object(x).fields(f.field("id", x.id));
}

template <class Inspector> bool inspect(Inspector& f, job_details& x) {
  return f.object(x).fields(f.field("failure", x.failure), f.field("row", x.row), f.field("attempts", x.attempts),
                            f.field("input", x.input), f.field("result", x.result), f.field("line", x.line));
}

template <class Inspector> bool inspect(Inspector& f, get_events& x) {
  return f.object(x).fields(f.field("after", x.after), f.field("limit", x.limit), f.field("patience", x.patience));
}

template <class Inspector> bool inspect(Inspector& f, event_page& x) {
  return f.object(x).fields(f.field("events", x.events), f.field("failure", x.failure));
}

template <class Inspector> bool inspect(Inspector& f, read_log& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("attempt", x.attempt), f.field("from_stderr", x.from_stderr),
                            f.field("offset", x.offset), f.field("limit", x.limit));
}

template <class Inspector> bool inspect(Inspector& f, log_piece& x) {
  return f.object(x).fields(f.field("bytes", x.bytes), f.field("next_offset", x.next_offset),
                            f.field("skipped", x.skipped), f.field("attempt", x.attempt),
                            f.field("complete", x.complete), f.field("gone", x.gone),
                            f.field("more_attempts", x.more_attempts), f.field("failure", x.failure));
}

template <class Inspector> bool inspect(Inspector& f, get_lanes& x) { return f.object(x).fields(); }

template <class Inspector> bool inspect(Inspector& f, lane_report& x) {
  return f.object(x).fields(f.field("now", x.now), f.field("counts", x.counts));
}

template <class Inspector> bool inspect(Inspector& f, lane_reports& x) {
  return f.object(x).fields(f.field("lanes", x.lanes), f.field("policy", x.policy), f.field("failure", x.failure),
                            f.field("wasted", x.wasted));
}

template <class Inspector> bool inspect(Inspector& f, get_nodes& x) { return f.object(x).fields(); }

template <class Inspector> bool inspect(Inspector& f, worker_report& x) {
  return f.object(x).fields(f.field("now", x.now));
}

template <class Inspector> bool inspect(Inspector& f, node_report& x) {
  return f.object(x).fields(f.field("now", x.now), f.field("workers", x.workers), f.field("labels", x.labels),
                            f.field("differences", x.differences));
}

template <class Inspector> bool inspect(Inspector& f, node_reports& x) {
  return f.object(x).fields(f.field("nodes", x.nodes), f.field("failure", x.failure));
}

template <class Inspector> bool inspect(Inspector& f, find_desk& x) { return f.object(x).fields(); }

template <class Inspector> bool inspect(Inspector& f, desk_found& x) {
  return f.object(x).fields(f.field("desk", x.desk));
}

template <class Inspector> bool inspect(Inspector& f, pause_lane& x) {
  return f.object(x).fields(f.field("lane", x.lane), f.field("reason", x.reason), f.field("length", x.length));
}

template <class Inspector> bool inspect(Inspector& f, resume_lane& x) {
  return f.object(x).fields(f.field("lane", x.lane));
}

template <class Inspector> bool inspect(Inspector& f, order_receipt& x) {
  return f.object(x).fields(f.field("failure", x.failure));
}

template <class Inspector> bool inspect(Inspector& f, explain_job& x) {
  return f.object(x).fields(f.field("id", x.id));
}

template <class Inspector> bool inspect(Inspector& f, job_explanation& x) {
  return f.object(x).fields(f.field("failure", x.failure), f.field("row", x.row), f.field("reasons", x.reasons),
                            f.field("parts", x.parts), f.field("total", x.total));
}

template <class Inspector> bool inspect(Inspector& f, reload_config& x) {
  return f.object(x).fields(f.field("dry_run", x.dry_run));
}

template <class Inspector> bool inspect(Inspector& f, set_policy& x) {
  return f.object(x).fields(f.field("name", x.name), f.field("params", x.params));
}

template <class Inspector> bool inspect(Inspector& f, change_receipt& x) {
  return f.object(x).fields(f.field("failure", x.failure), f.field("problems", x.problems),
                            f.field("changes", x.changes));
}

template <class Inspector> bool inspect(Inspector& f, get_config& x) { return f.object(x).fields(); }

template <class Inspector> bool inspect(Inspector& f, config_text& x) {
  return f.object(x).fields(f.field("failure", x.failure), f.field("file", x.file), f.field("text", x.text),
                            f.field("policy", x.policy), f.field("policies", x.policies));
}

template <class Inspector> bool inspect(Inspector& f, drain_node& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("length", x.length));
}

template <class Inspector> bool inspect(Inspector& f, undrain_node& x) {
  return f.object(x).fields(f.field("node", x.node));
}

template <class Inspector> bool inspect(Inspector& f, drain_report& x) {
  return f.object(x).fields(f.field("failure", x.failure), f.field("node", x.node), f.field("fates", x.fates));
}

template <class Inspector> bool inspect(Inspector& f, detach_node& x) {
  return f.object(x).fields(f.field("node", x.node));
}

template <class Inspector> bool inspect(Inspector& f, get_progress& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("lane", x.lane), f.field("fence", x.fence));
}

template <class Inspector> bool inspect(Inspector& f, progress_report& x) {
  return f.object(x).fields(f.field("failure", x.failure), f.field("seen", x.seen));
}

template <class Inspector> bool inspect(Inspector& f, get_hello& x) { return f.object(x).fields(); }

template <class Inspector> bool inspect(Inspector& f, cell_hello& x) {
  return f.object(x).fields(f.field("protocol", x.protocol), f.field("build", x.build), f.field("node", x.node),
                            f.field("boot", x.boot), f.field("draining", x.draining));
}

} // namespace fabric::actors
