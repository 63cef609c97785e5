#pragma once

#include "actors/inspect.hpp"
#include "actors/inspect_variant.hpp"

/// How the messages between the nodes of one cell are written and read. As in inspect.hpp; these nodes are of the same
/// build.
namespace fabric {

template <class Inspector> bool inspect(Inspector& f, attempt_end& x) {
  return f.object(x).fields(enum_field(f, "how", x.how, outcome::cancelled), f.field("started", x.started),
                            f.field("started_at", x.started_at), f.field("run_time", x.run_time),
                            f.field("reason", x.reason), f.field("report", x.report), f.field("result", x.result),
                            f.field("spool_bytes", x.spool_bytes), f.field("saved", x.saved));
}

template <class Inspector> bool inspect(Inspector& f, end_decision& x) {
  return f.object(x).fields(f.field("move_to", x.move_to), f.field("lane_count", x.lane_count),
                            f.field("retry_after", x.retry_after));
}

template <class Inspector> bool inspect(Inspector& f, start_order& x) {
  return f.object(x).fields(f.field("fence", x.fence), f.field("job", x.job), f.field("attempt", x.attempt),
                            f.field("job_class", x.job_class), f.field("lane", x.lane), f.field("input", x.input),
                            f.field("lease", x.lease), f.field("want_seq", x.want_seq), f.field("kept_on", x.kept_on),
                            f.field("kept_work", x.kept_work));
}

namespace node {
template <class Inspector> bool inspect(Inspector& f, kept_file& x) {
  return f.object(x).fields(f.field("path", x.path), enum_field(f, "what", x.what, last_kept_kind),
                            f.field("mode", x.mode), f.field("size", x.size), f.field("target", x.target));
}
} // namespace node

template <class Inspector> bool inspect(Inspector& f, stop_order& x) {
  return f.object(x).fields(f.field("fence", x.fence), enum_field(f, "why", x.why, last_stop_reason),
                            f.field("grace", x.grace));
}

template <class Inspector> bool inspect(Inspector& f, take_order& x) {
  return f.object(x).fields(f.field("fence", x.fence), f.field("job", x.job), f.field("version", x.version));
}

template <class Inspector> bool inspect(Inspector& f, want& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("worker", x.worker), f.field("boot", x.boot),
                            f.field("seq", x.seq), f.field("slots", x.slots), f.field("classes", x.classes),
                            f.field("held_known", x.held_known), f.field("held", x.held));
}

template <class Inspector> bool inspect(Inspector& f, attempt_started& x) {
  return f.object(x).fields(f.field("fence", x.fence), f.field("ran", x.ran));
}

template <class Inspector> bool inspect(Inspector& f, attempt_refused& x) {
  return f.object(x).fields(f.field("fence", x.fence), f.field("why", x.why));
}

template <class Inspector> bool inspect(Inspector& f, attempt_absent& x) {
  return f.object(x).fields(f.field("fence", x.fence));
}

template <class Inspector> bool inspect(Inspector& f, attempt_ended& x) {
  return f.object(x).fields(f.field("fence", x.fence), f.field("job", x.job),
                            enum_field(f, "stopped", x.stopped, last_stop_reason), f.field("end", x.end),
                            f.field("attempt", x.attempt), f.field("lane", x.lane));
}

} // namespace fabric

namespace fabric::node {

template <class Inspector> bool inspect(Inspector& f, lane_start& x) {
  return f.object(x).fields(f.field("order", x.order));
}
template <class Inspector> bool inspect(Inspector& f, lane_stop& x) {
  return f.object(x).fields(f.field("order", x.order));
}
template <class Inspector> bool inspect(Inspector& f, lane_forget& x) {
  return f.object(x).fields(f.field("fence", x.fence));
}
template <class Inspector> bool inspect(Inspector& f, lane_take& x) {
  return f.object(x).fields(f.field("order", x.order));
}
template <class Inspector> bool inspect(Inspector& f, tell_want& x) {
  return f.object(x).fields(f.field("what", x.what));
}
template <class Inspector> bool inspect(Inspector& f, tell_started& x) {
  return f.object(x).fields(f.field("what", x.what));
}
template <class Inspector> bool inspect(Inspector& f, tell_refused& x) {
  return f.object(x).fields(f.field("what", x.what));
}
template <class Inspector> bool inspect(Inspector& f, tell_ended& x) {
  return f.object(x).fields(f.field("what", x.what));
}
template <class Inspector> bool inspect(Inspector& f, tell_absent& x) {
  return f.object(x).fields(f.field("what", x.what));
}

} // namespace fabric::node

namespace fabric::scheduler {

template <class Inspector> bool inspect(Inspector& f, node_renewed& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("boot", x.boot), f.field("seq", x.seq),
                            f.field("fences", x.fences), f.field("holder", x.holder));
}
template <class Inspector> bool inspect(Inspector& f, leases_granted& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("seq", x.seq), f.field("lengths", x.lengths),
                            f.field("holder", x.holder));
}
template <class Inspector> bool inspect(Inspector& f, attempt_leased& x) {
  return f.object(x).fields(f.field("fence", x.fence), f.field("id", x.id), f.field("lane", x.lane),
                            f.field("node", x.node), f.field("length", x.length));
}
template <class Inspector> bool inspect(Inspector& f, attempt_closed& x) {
  return f.object(x).fields(f.field("fence", x.fence), f.field("lane", x.lane));
}
template <class Inspector> bool inspect(Inspector& f, node_unlinked& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("boot", x.boot));
}
template <class Inspector> bool inspect(Inspector& f, build_card& x) {
  return f.object(x).fields(f.field("protocol", x.protocol), f.field("caf", x.caf), f.field("types", x.types),
                            f.field("name", x.name));
}
template <class Inspector> bool inspect(Inspector& f, node_card& x) {
  return f.object(x).fields(f.field("build", x.build), f.field("name", x.name), f.field("boot", x.boot),
                            f.field("session", x.session), f.field("labels", x.labels), f.field("slots", x.slots),
                            f.field("classes", x.classes), f.field("held", x.held));
}

} // namespace fabric::scheduler

namespace fabric::lane {

template <class Inspector> bool inspect(Inspector& f, lease_over& x) {
  return f.object(x).fields(f.field("fence", x.fence));
}
template <class Inspector> bool inspect(Inspector& f, node_gone& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("boot", x.boot));
}

} // namespace fabric::lane

namespace fabric::store {

template <class Inspector> bool inspect(Inspector& f, note& x) {
  return f.object(x).fields(f.field("kind", x.kind), f.field("lane", x.lane), f.field("node", x.node),
                            f.field("id", x.id), f.field("text", x.text));
}
template <class Inspector> bool inspect(Inspector& f, pruned_job& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("attempts", x.attempts));
}

} // namespace fabric::store

namespace fabric::actors {

template <class Inspector> bool inspect(Inspector& f, pruned_jobs& x) {
  return f.object(x).fields(f.field("jobs", x.jobs), f.field("attempts", x.attempts), f.field("resets", x.resets));
}
template <class Inspector> bool inspect(Inspector& f, worker_news& x) {
  return f.object(x).fields(
      f.field("from", x.from), f.field("node", x.node),
      list_field<node::tell_want, node::tell_started, node::tell_refused, node::tell_ended, node::tell_absent>(
          f, "items", x.items));
}
template <class Inspector> bool inspect(Inspector& f, lane_orders& x) {
  return f.object(x).fields(
      list_field<node::lane_start, node::lane_stop, node::lane_forget, node::lane_take>(f, "items", x.items));
}
template <class Inspector> bool inspect(Inspector& f, lease_news& x) {
  return f.object(x).fields(
      list_field<scheduler::attempt_leased, scheduler::attempt_closed, scheduler::node_unlinked>(f, "items", x.items));
}
template <class Inspector> bool inspect(Inspector& f, lease_verdict& x) {
  return f.object(x).fields(list_field<lane::lease_over, lane::node_gone>(f, "items", x.items));
}
template <class Inspector> bool inspect(Inspector& f, renew_leases& x) {
  return f.object(x).fields(f.field("from", x.from), f.field("what", x.what));
}
template <class Inspector> bool inspect(Inspector& f, leases_renewed& x) {
  return f.object(x).fields(f.field("what", x.what));
}
template <class Inspector> bool inspect(Inspector& f, prepare_outage& x) {
  return f.object(x).fields(f.field("length", x.length));
}

template <class Inspector> bool inspect(Inspector& f, find_registrar& x) { return f.object(x).fields(); }
template <class Inspector> bool inspect(Inspector& f, registrar_found& x) {
  return f.object(x).fields(f.field("registrar", x.registrar), f.field("card", x.card));
}
template <class Inspector> bool inspect(Inspector& f, node_hello& x) {
  return f.object(x).fields(f.field("card", x.card), f.field("uplink", x.uplink), f.field("steward", x.steward));
}
template <class Inspector> bool inspect(Inspector& f, cell_name& x) {
  return f.object(x).fields(f.field("name", x.name), f.field("actor", x.actor));
}
template <class Inspector> bool inspect(Inspector& f, cell_names& x) {
  return f.object(x).fields(f.field("items", x.items));
}
template <class Inspector> bool inspect(Inspector& f, cell_terms& x) {
  return f.object(x).fields(f.field("text", x.text));
}
template <class Inspector> bool inspect(Inspector& f, node_welcome& x) {
  return f.object(x).fields(f.field("failure", x.failure), f.field("terms", x.terms), f.field("names", x.names),
                            f.field("lanes", x.lanes));
}
template <class Inspector> bool inspect(Inspector& f, get_workers& x) { return f.object(x).fields(); }
template <class Inspector> bool inspect(Inspector& f, worker_reports& x) {
  return f.object(x).fields(f.field("workers", x.workers));
}
template <class Inspector> bool inspect(Inspector& f, read_spool& x) {
  return f.object(x).fields(f.field("job", x.job), f.field("attempt", x.attempt), f.field("from_stderr", x.from_stderr),
                            f.field("offset", x.offset), f.field("limit", x.limit));
}
template <class Inspector> bool inspect(Inspector& f, spool_piece& x) {
  return f.object(x).fields(f.field("failure", x.failure), f.field("bytes", x.bytes), f.field("offset", x.offset),
                            f.field("skipped", x.skipped), f.field("size", x.size));
}
template <class Inspector> bool inspect(Inspector& f, list_checkpoint& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("job", x.job));
}
template <class Inspector> bool inspect(Inspector& f, checkpoint_listing& x) {
  return f.object(x).fields(f.field("failure", x.failure), f.field("files", x.files));
}
template <class Inspector> bool inspect(Inspector& f, read_checkpoint& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("job", x.job), f.field("path", x.path),
                            f.field("offset", x.offset));
}

} // namespace fabric::actors
