#pragma once

#include "fabric/config/config.hpp"
#include "fabric/error.hpp"
#include "fabric/exec/protocol.hpp"
#include "fabric/lane/lane.hpp"
#include "fabric/node/executors.hpp"
#include "fabric/node/worker.hpp"
#include "fabric/scheduler/membership.hpp"
#include "fabric/scheduler/registrar.hpp"
#include "fabric/store/job_store.hpp"

#include "actors/child_spec.hpp"
#include "actors/interfaces.hpp"
#include "actors/wire.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// One struct per message. Commands are imperative, events past, replies nouns, queries get_…. Those that travel
/// between processes stand in actors/wire.hpp; those here stay inside one.
namespace fabric::actors {

// -- between processes, but with a handle in it
// ------------------------------------------------------------------------------------

/// Who takes the orders of operators. Ask again after each restart of it.
struct find_desk {};
struct desk_found {
  caf::strong_actor_ptr desk; ///< A desk_face_actor; null while it is restarting.
};

/// Who lets nodes join. Ask again after each restart of it.
struct find_registrar {};
struct registrar_found {
  caf::strong_actor_ptr registrar; ///< A registrar_actor; null while it is restarting.
  scheduler::build_card card;      ///< What it speaks: another cannot even read a hello.
};

// -- between the nodes of a cell
// ---------------------------------------------------------------------------------------

/// A node wants to join, or says anew what it is.
struct node_hello {
  scheduler::node_card card;
  uplink_actor uplink;
  node_face_actor steward;
};
/// What a name means on the scheduler's node. Without an actor: it is restarting.
struct cell_name {
  std::string name;
  caf::strong_actor_ptr actor;
};
struct node_welcome {
  std::optional<error> failure{};
  std::string terms{}; ///< See config/cell_terms.hpp.
  std::vector<cell_name> names{};
  std::vector<std::string> lanes{}; ///< Whose actors are to live there.
};
/// These names mean other actors now.
struct cell_names {
  std::vector<cell_name> items;
};
/// The cell's terms changed.
struct cell_terms {
  std::string text;
};

/// The actors of these lanes are to live on the node that is told, and of no others.
struct host_lanes {
  std::vector<std::string> lanes;
};
/// One of them does, or is a new one.
struct lane_hosted {
  std::string node;
  std::string lane;
  caf::strong_actor_ptr actor;
};

/// What the workers of a node say of themselves.
struct get_workers {};
struct worker_reports {
  std::vector<node::worker_status> workers; ///< In the order of the lanes.
};
/// A piece of a file of this node's spool.
struct read_spool {
  job_id job = 0;
  std::uint32_t attempt = 0;
  bool from_stderr = false;
  std::uint64_t offset = 0;
  std::uint32_t limit = 65536; ///< At most 64 KiB.
};
struct spool_piece {
  std::optional<error> failure{}; ///< errc::not_found: there is no such file.
  std::string bytes{};
  std::uint64_t offset = 0; ///< Of the first byte.
  std::uint64_t skipped = 0;
  std::uint64_t size = 0; ///< Of the file.
};

/// What a job has in its checkpoint directory on a node.
struct list_checkpoint {
  std::string node;
  job_id job = 0;
};
struct checkpoint_listing {
  std::optional<error> failure{};
  std::vector<node::kept_file> files{};
};
/// A piece of a file of that; answered with spool_piece, at most 64 KiB.
struct read_checkpoint {
  std::string node;
  job_id job = 0;
  std::string path;
  std::uint64_t offset = 0;
};

// -- inside the cell --------------------------------------------------------------------------------------------------

/// To the store: apply these, answer to `from`. Everything decided in one turn travels in one message.
struct store_ask {
  std::uint64_t ticket = 0;
  store::operation op;
};
struct store_operations {
  store_client_actor from;
  std::vector<store_ask> asks;
};
/// From the store, after the commit: answers to your operations, then your lane's committed changes. The scheduler gets
/// one after every commit that changed the number of live jobs.
struct store_commit {
  std::vector<lane::answered> answers;
  std::vector<store::lane_change> changes;
  std::uint64_t live_jobs = 0; ///< In the whole store, now.
};
struct flush_commit {};
struct load_lane_page {
  store_client_actor from;
  std::string lane;
  job_id after = 0;
  std::uint64_t limit = 0;
};
struct lane_loaded {
  store::lane_page rows;
  job_id after = 0; ///< Echo of the question.
};
struct committed_events {
  std::vector<store::event> events;
};
struct pruned_jobs {
  std::vector<store::pruned_job> jobs;                      ///< With all their attempts.
  std::vector<std::pair<job_id, std::uint32_t>> attempts{}; ///< Of jobs that stay.
  std::vector<job_id> resets{};                             ///< Jobs that stay, but for their checkpoints.
};

struct worker_news {
  worker_actor from;
  std::string node;
  std::vector<node::worker_effect> items; ///< Only tell_want, tell_started, tell_refused, tell_ended and tell_absent.
};
struct lane_orders {
  std::vector<node::worker_event> items; ///< Only lane_start, lane_stop, lane_forget and lane_take.
};

struct lease_news {
  std::vector<scheduler::membership_event> items; ///< Only attempt_leased, attempt_closed and node_unlinked.
};
struct lease_verdict {
  std::vector<lane::event> items; ///< Only lease_over and node_gone.
};
struct renew_leases {
  lease_holder_actor from;
  scheduler::node_renewed what;
};
struct leases_renewed {
  scheduler::leases_granted what;
};
/// A planned stop: every lease gets at least this length; answered when that is committed.
struct prepare_outage {
  duration length{};
};

/// Where a job stands in its lane; answered with place_report.
struct get_place {
  job_id id = 0;
};
struct place_report {
  std::optional<lane::job_place> place;
};

struct slot_offer {
  lane::offered what;
};
/// Between lanes: may this running attempt be carried to you? Answered with carry_answer only if not; else the feed
/// tells.
struct carry_question {
  lane::carry_asked what;
};
struct carry_answer {
  lane::carry_refused what;
};
struct lane_progress {
  lane::status now;
  std::vector<lane::finished> finished;
};
struct view_update {
  policy::view now;
};

/// From a worker to its node's runner link or handler pool.
struct runner_orders {
  std::string lane;
  std::vector<node::worker_effect> items; ///< Only run_attempt, stop_attempt, forget_attempt and fetch_attempt.
};
/// From the link or the pool to a worker.
struct runner_news {
  std::vector<node::worker_event> items;
  node::place from = node::place::runner;
};
struct join_runner {
  std::string lane;
  worker_actor from;
};

/// Settle what this attempt will find in its checkpoint directory.
struct bring_checkpoint {
  node::transfer_order what;
};
struct checkpoint_brought {
  std::optional<error> failure{}; ///< Nobody knows what it would find.
};

/// From the link's thread: frames of the runner, or the news that the connection is gone.
struct link_frames {
  std::uint64_t connection = 0;
  std::vector<exec::from_runner> frames;
  bool closed = false;
};

/// From a handler's thread: the executor has something to take.
struct handler_news {};
/// Hand back all that runs, within the grace; answered when nothing is held and every end is committed.
struct release_handlers {
  duration grace{};
};

/// For `fabric nodes`.
struct get_registered {};
struct registered_nodes {
  std::vector<scheduler::node_facts> nodes;
};

struct drain_worker {
  time_point deadline{};
};
/// The same for an operator; answered with worker_fates when it is empty.
struct empty_worker {
  time_point deadline{};
};
struct worker_fates {
  std::vector<node::fate> fates;
};
struct undrain_worker {};
/// Refuse new jobs from now on.
struct close_admission {};

/// This configuration is in force. Answered when what was decided under the one before is with the store.
struct config_news {
  std::shared_ptr<const config::root> now;
};
/// To the supervisor: this is the child table from now on. Children that are not in it end, new ones begin.
struct revise_children {
  std::vector<child_spec> table;
};

/// From the supervisor to everyone who cares: this name now means this actor. The directory alone is also told that a
/// child is down: then the actor is null.
struct directory_entry {
  std::string name; ///< "store", "lane/fast", "worker/fast", "node/b1", …
  caf::strong_actor_ptr actor;
  bool is_elsewhere = false; ///< Of another node: it has a name here, but is not told of the others.
};
/// Answered with the entry; its actor is null while nobody has the name, or its child is down.
struct find_actor {
  std::string name;
};

/// Take no new work; hand back at the deadline. Of several the earliest counts.
struct drain_children {
  time_point deadline{};
};
struct stop_children {};
struct get_children {};
struct child_report {
  std::string name;
  bool alive = false;
  std::uint64_t starts = 0;
};
struct child_reports {
  std::vector<child_report> children;
};

} // namespace fabric::actors
