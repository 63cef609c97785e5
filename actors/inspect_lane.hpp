#pragma once

#include "actors/inspect_cell.hpp"

/// How the messages of a lane that lives on another node than the store are written and read. As in inspect_cell.hpp.
namespace fabric::store {

template <class Inspector> bool inspect(Inspector& f, submit& x) {
  return f.object(x).fields(f.field("spec", x.spec), f.field("lane", x.lane), f.field("max_attempts", x.max_attempts),
                            f.field("only_if_known", x.only_if_known));
}
template <class Inspector> bool inspect(Inspector& f, lease& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("version", x.version), f.field("lane", x.lane),
                            f.field("epoch", x.epoch), f.field("node", x.node), f.field("worker", x.worker),
                            f.field("length", x.length));
}
template <class Inspector> bool inspect(Inspector& f, end& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("fence", x.fence), f.field("lane", x.lane),
                            f.field("epoch", x.epoch), f.field("how", x.how), f.field("decision", x.decision),
                            f.field("given_up", x.given_up), f.field("node", x.node));
}
template <class Inspector> bool inspect(Inspector& f, move& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("version", x.version), f.field("lane", x.lane),
                            f.field("epoch", x.epoch), f.field("to_lane", x.to_lane), f.field("overflow", x.overflow));
}
template <class Inspector> bool inspect(Inspector& f, carry& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("fence", x.fence), f.field("from", x.from),
                            f.field("lane", x.lane), f.field("epoch", x.epoch), f.field("worker", x.worker),
                            f.field("ran", x.ran), f.field("lane_count", x.lane_count));
}
template <class Inspector> bool inspect(Inspector& f, look& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("fence", x.fence));
}
template <class Inspector> bool inspect(Inspector& f, due& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("version", x.version), f.field("lane", x.lane),
                            f.field("epoch", x.epoch));
}
template <class Inspector> bool inspect(Inspector& f, lane_died& x) {
  return f.object(x).fields(f.field("lane", x.lane), f.field("id", x.id), f.field("what", x.what));
}
template <class Inspector> bool inspect(Inspector& f, set_pause& x) {
  return f.object(x).fields(f.field("lane", x.lane), f.field("wished", x.wished), f.field("only_since", x.only_since));
}
template <class Inspector> bool inspect(Inspector& f, start_over& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("fence", x.fence), f.field("why", x.why));
}
template <class Inspector> bool inspect(Inspector& f, open_lane& x) {
  return f.object(x).fields(f.field("lane", x.lane));
}

template <class Inspector> bool inspect(Inspector& f, answer& x) {
  return f.object(x).fields(f.field("failure", x.failure), f.field("id", x.id), f.field("duplicate", x.duplicate),
                            f.field("epoch", x.epoch), f.field("pause", x.pause), f.field("row", x.row),
                            f.field("input", x.input));
}
template <class Inspector> bool inspect(Inspector& f, lane_entry& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("version", x.version),
                            enum_field(f, "state", x.state, job_state::cancelled), f.field("priority", x.priority),
                            f.field("demoted_order", x.demoted_order), f.field("run_at", x.run_at),
                            f.field("job_class", x.job_class), f.field("overflow_from", x.overflow_from),
                            f.field("cancel_requested", x.cancel_requested), f.field("fence", x.fence),
                            f.field("node", x.node), f.field("lease", x.lease), f.field("attempt", x.attempt),
                            f.field("failures", x.failures), f.field("ran_before", x.ran_before));
}
template <class Inspector> bool inspect(Inspector& f, lane_change& x) {
  return f.object(x).fields(f.field("lane", x.lane), f.field("epoch", x.epoch), f.field("seq", x.seq),
                            f.field("gone", x.gone), f.field("entry", x.entry), f.field("pause", x.pause));
}
template <class Inspector> bool inspect(Inspector& f, lane_page& x) {
  return f.object(x).fields(f.field("entries", x.entries), f.field("seq", x.seq), f.field("last", x.last));
}

} // namespace fabric::store

namespace fabric::policy {

template <class Inspector> bool inspect(Inspector& f, lane_view& x) {
  return f.object(x).fields(f.field("queued", x.queued), f.field("oldest_wait", x.oldest_wait),
                            f.field("slots", x.slots), f.field("busy", x.busy));
}
template <class Inspector> bool inspect(Inspector& f, class_view& x) {
  return f.object(x).fields(f.field("p50", x.p50), f.field("p95", x.p95), f.field("p99", x.p99),
                            f.field("samples", x.samples));
}
template <class Inspector> bool inspect(Inspector& f, view& x) {
  return f.object(x).fields(f.field("lanes", x.lanes), f.field("classes", x.classes));
}
template <class Inspector> bool inspect(Inspector& f, job_facts& x) {
  return f.object(x).fields(f.field("id", x.id), f.field("job_class", x.job_class), f.field("owner", x.owner),
                            f.field("priority", x.priority), f.field("attempt", x.attempt),
                            f.field("demoted", x.demoted), f.field("overflow_from", x.overflow_from));
}

} // namespace fabric::policy

namespace fabric::lane {

template <class Inspector> bool inspect(Inspector& f, answered& x) {
  return f.object(x).fields(f.field("ticket", x.ticket), f.field("reply", x.reply));
}
template <class Inspector> bool inspect(Inspector& f, offered& x) {
  return f.object(x).fields(f.field("from", x.from), f.field("seq", x.seq), f.field("slots", x.slots),
                            f.field("received", x.received), f.field("classes", x.classes));
}
template <class Inspector> bool inspect(Inspector& f, carry_asked& x) {
  return f.object(x).fields(f.field("from", x.from), f.field("fence", x.fence), f.field("id", x.id),
                            f.field("node", x.node), f.field("ran", x.ran));
}
template <class Inspector> bool inspect(Inspector& f, carry_refused& x) {
  return f.object(x).fields(f.field("fence", x.fence));
}
template <class Inspector> bool inspect(Inspector& f, finished& x) {
  return f.object(x).fields(f.field("job", x.job), enum_field(f, "how", x.how, outcome::cancelled),
                            f.field("run_time", x.run_time));
}
template <class Inspector> bool inspect(Inspector& f, job_place& x) {
  return f.object(x).fields(f.field("version", x.version), f.field("ahead", x.ahead),
                            f.field("more_urgent", x.more_urgent), f.field("of_its_class", x.of_its_class),
                            f.field("asked", x.asked), f.field("refused_work", x.refused_work));
}

} // namespace fabric::lane

namespace fabric::actors {

/// What a node may ask of the store: what lanes do, and notes. Not what clients and operators do.
template <class Inspector> bool inspect(Inspector& f, store_ask& x) {
  return f.object(x).fields(
      f.field("ticket", x.ticket),
      one_of_field<store::note, store::lease, store::end, store::move, store::carry, store::look, store::due,
                   store::lane_died, store::set_pause, store::open_lane, store::start_over>(f, "op", x.op));
}
template <class Inspector> bool inspect(Inspector& f, store_operations& x) {
  return f.object(x).fields(f.field("from", x.from), f.field("asks", x.asks));
}
template <class Inspector> bool inspect(Inspector& f, store_commit& x) {
  return f.object(x).fields(f.field("answers", x.answers), f.field("changes", x.changes),
                            f.field("live_jobs", x.live_jobs));
}
template <class Inspector> bool inspect(Inspector& f, load_lane_page& x) {
  return f.object(x).fields(f.field("from", x.from), f.field("lane", x.lane), f.field("after", x.after),
                            f.field("limit", x.limit));
}
template <class Inspector> bool inspect(Inspector& f, lane_loaded& x) {
  return f.object(x).fields(f.field("rows", x.rows), f.field("after", x.after));
}
template <class Inspector> bool inspect(Inspector& f, slot_offer& x) {
  return f.object(x).fields(f.field("what", x.what));
}
template <class Inspector> bool inspect(Inspector& f, carry_question& x) {
  return f.object(x).fields(f.field("what", x.what));
}
template <class Inspector> bool inspect(Inspector& f, carry_answer& x) {
  return f.object(x).fields(f.field("what", x.what));
}
template <class Inspector> bool inspect(Inspector& f, lane_progress& x) {
  return f.object(x).fields(f.field("now", x.now), f.field("finished", x.finished));
}
template <class Inspector> bool inspect(Inspector& f, view_update& x) {
  return f.object(x).fields(f.field("now", x.now));
}
template <class Inspector> bool inspect(Inspector& f, get_place& x) { return f.object(x).fields(f.field("id", x.id)); }
template <class Inspector> bool inspect(Inspector& f, place_report& x) {
  return f.object(x).fields(f.field("place", x.place));
}
template <class Inspector> bool inspect(Inspector& f, host_lanes& x) {
  return f.object(x).fields(f.field("lanes", x.lanes));
}
template <class Inspector> bool inspect(Inspector& f, lane_hosted& x) {
  return f.object(x).fields(f.field("node", x.node), f.field("lane", x.lane), f.field("actor", x.actor));
}

} // namespace fabric::actors
