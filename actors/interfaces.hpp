#pragma once

#include "actors/messages_fwd.hpp"
#include "actors/type_ids.hpp"

#include <caf/fwd.hpp>
#include <caf/result.hpp>
#include <caf/typed_actor.hpp>

/// Every typed interface of the fabric, with a sentence per handler. A handle is the narrowest that its holder needs.
/// Handlers of one-way messages return `result<void>`, else CAF refuses a typed `tell`.
namespace fabric::actors {

/// Who asks the store something.
using store_client_actor = caf::typed_actor<
    // Your operations are committed (or refused), and your lane changed.
    caf::result<void>(store_commit),
    // The page of your lane's jobs that you asked for.
    caf::result<void>(lane_loaded)>;

/// Who needs the current handle behind a name.
using directory_client_actor = caf::typed_actor<
    // The name means this actor from now on.
    caf::result<void>(directory_entry)>;

/// Name -> current handle of a restarted actor, for one node.
using directory_actor = caf::typed_actor<
    // Sets a name; everybody with a name is told. Without an actor: its child is down (nobody is told), or its node is
    // gone.
    caf::result<void>(directory_entry),
    // What a name means now.
    caf::result<directory_entry>(find_actor)>;

/// The database; the only writer. Detached: it blocks in fsync.
using store_actor = caf::typed_actor<
    // Joins the batch that the next flush commits; answered with store_commit.
    caf::result<void>(store_operations),
    // INTERNAL: commit what has come so far.
    caf::result<void>(flush_commit),
    // Answered with lane_loaded.
    caf::result<void>(load_lane_page),
    // Restarted watchers.
    caf::result<void>(directory_entry)>;

/// Read-only questions, on a connection of their own. Detached: it blocks in reads.
using store_reader_actor = caf::typed_actor<
    // Rows by id.
    caf::result<job_page>(get_jobs),
    // A page of rows by filter, newest first.
    caf::result<job_page>(list_jobs),
    // One job with its attempts, input and result.
    caf::result<job_details>(get_details),
    // A page of the log of automatic actions.
    caf::result<event_page>(get_events),
    // Totals per lane.
    caf::result<lane_reports>(get_lanes)>;

/// Logs, on whatever node they are. Detached: it blocks in reads.
using spool_reader_actor = caf::typed_actor<
    // A piece of an attempt's output.
    caf::result<log_piece>(read_log),
    // What a job left in its checkpoint directory, and a piece of it.
    caf::result<checkpoint_listing>(list_checkpoint), caf::result<spool_piece>(read_checkpoint),
    // Nodes that came and went.
    caf::result<void>(directory_entry)>;

/// Keeps this node's spool within its limits. Detached: it walks directories.
using spool_keeper_actor = caf::typed_actor<
    // A restarted runner or store reader.
    caf::result<void>(directory_entry)>;

/// The hub of committed changes: answers those who wait for one.
using events_actor = caf::typed_actor<
    // From the store, after each commit.
    caf::result<void>(committed_events),
    // As soon as one of these jobs is final.
    caf::result<job_page>(wait_jobs),
    // As soon as there is an event after the cursor.
    caf::result<event_page>(get_events),
    // A restarted reader.
    caf::result<void>(directory_entry)>;

/// What clients may say to a cell. The scheduler is published under this interface.
using client_face_actor = caf::typed_actor<
    // Admits jobs; answered when they are durable. A receipt per item.
    caf::result<receipts>(submit_jobs),
    // Cancels queued jobs at once and asks running ones to stop. A receipt per item.
    caf::result<receipts>(cancel_jobs),
    // Puts buried jobs back. A receipt per item.
    caf::result<receipts>(kick_jobs),
    // Throws away what jobs that do not run have saved. A receipt per item.
    caf::result<receipts>(reset_jobs),
    // Rows by id.
    caf::result<job_page>(get_jobs),
    // A page of rows by filter, newest first.
    caf::result<job_page>(list_jobs),
    // As soon as one of these jobs is final.
    caf::result<job_page>(wait_jobs),
    // One job with its attempts, input and result.
    caf::result<job_details>(get_details),
    // The log of automatic actions, as it grows.
    caf::result<event_page>(get_events),
    // A piece of an attempt's output.
    caf::result<log_piece>(read_log),
    // Lanes, their slots and counts.
    caf::result<lane_reports>(get_lanes),
    // Nodes, their workers and what they hold.
    caf::result<node_reports>(get_nodes),
    // Who is there: version, node, boot.
    caf::result<cell_hello>(get_hello),
    // Who takes the orders of operators.
    caf::result<desk_found>(find_desk),
    // Who lets nodes join.
    caf::result<registrar_found>(find_registrar)>;

/// What operators may say to a cell.
using desk_face_actor = caf::typed_actor<
    // Start nothing in a lane; answered when that is durable.
    caf::result<order_receipt>(pause_lane),
    // Start jobs there again.
    caf::result<order_receipt>(resume_lane),
    // Why a job does not run, and where its time went.
    caf::result<job_explanation>(explain_job),
    // Read the configuration file again.
    caf::result<change_receipt>(reload_config),
    // Another policy from now on.
    caf::result<change_receipt>(set_policy),
    // The configuration in force.
    caf::result<config_text>(get_config),
    // Empty a node's workers; answered when they are.
    caf::result<drain_report>(drain_node),
    // Have them take work again.
    caf::result<order_receipt>(undrain_node),
    // Have a node leave its jobs to its runner and exit.
    caf::result<order_receipt>(detach_node),
    // How far a running attempt says it is.
    caf::result<progress_report>(get_progress)>;

/// Whose work depends on the configuration.
using configured_actor = caf::typed_actor<
    // This one is in force; answered when the ones before are of no consequence any longer.
    caf::result<bool>(config_news)>;

/// The configuration in force, and the way from one to the next.
using configurator_actor = caf::typed_actor<
    // Read the file again.
    caf::result<change_receipt>(reload_config),
    // Another policy.
    caf::result<change_receipt>(set_policy),
    // What is in force.
    caf::result<config_text>(get_config),
    // Commits of its operations.
    caf::result<void>(store_commit),
    // Never asked for; part of being a store client.
    caf::result<void>(lane_loaded),
    // Restarted partners.
    caf::result<void>(directory_entry)>;

/// The desk that takes the orders of operators.
using desk_actor = desk_face_actor::extend<
    // Another configuration is in force.
    caf::result<bool>(config_news),
    // Commits of its orders.
    caf::result<void>(store_commit),
    // Never asked for; part of being a store client.
    caf::result<void>(lane_loaded),
    // Restarted partners.
    caf::result<void>(directory_entry)>;

/// Admission and placing; the policy; the face for clients.
using scheduler_actor = client_face_actor::extend<
    // Another configuration is in force.
    caf::result<bool>(config_news),
    // Commits of admitted jobs, cancels and kicks.
    caf::result<void>(store_commit),
    // Never asked for; part of being a store client.
    caf::result<void>(lane_loaded),
    // What a lane looks like now, and what its policy may learn from.
    caf::result<void>(lane_progress),
    // Refuse new jobs from now on (drain).
    caf::result<void>(close_admission),
    // Restarted partners.
    caf::result<void>(directory_entry)>;

/// Who renews leases.
using lease_holder_actor = caf::typed_actor<
    // Membership's answer to a renewal.
    caf::result<void>(leases_renewed)>;

/// Nodes by boot id, their leases, who holds which fence.
using membership_actor = caf::typed_actor<
    // A node lives and holds these fences; answered with leases_renewed.
    caf::result<void>(renew_leases),
    // A lane granted or closed leases.
    caf::result<void>(lease_news),
    // Lengthened leases are committed.
    caf::result<void>(store_commit),
    // Never asked for; part of being a store client.
    caf::result<void>(lane_loaded),
    // A planned stop: lengthen every lease; answered when that is committed.
    caf::result<bool>(prepare_outage),
    // For `fabric nodes`.
    caf::result<node_reports>(get_nodes),
    // Restarted lanes and store.
    caf::result<void>(directory_entry)>;

/// The order of the jobs now in one lane, its slots and budgets.
using lane_actor = caf::typed_actor<
    // Another configuration is in force.
    caf::result<bool>(config_news),
    // Commits of this lane's operations, and its feed.
    caf::result<void>(store_commit),
    // A page of its jobs while it loads.
    caf::result<void>(lane_loaded),
    // What a worker wants, and what became of its attempts.
    caf::result<void>(worker_news),
    // Leases that ended, nodes that are gone.
    caf::result<void>(lease_verdict),
    // Another lane's idle slots.
    caf::result<void>(slot_offer),
    // Another lane's attempt is to be carried here.
    caf::result<void>(carry_question),
    // Another lane does not take the attempt that was to be carried there.
    caf::result<void>(carry_answer),
    // What happens in the other lanes.
    caf::result<void>(view_update),
    // Numbers for `fabric lanes`.
    caf::result<lane_report>(get_lanes),
    // Where a job stands, for `fabric explain`.
    caf::result<place_report>(get_place),
    // Restarted partners.
    caf::result<void>(directory_entry)>;

/// Who runs attempts for the workers.
using executor_actor = caf::typed_actor<
    // Runs, stops and forgets attempts.
    caf::result<void>(runner_orders),
    // A worker introduces itself; answered with runner_news.
    caf::result<void>(join_runner),
    // How far an attempt says it is.
    caf::result<progress_report>(get_progress)>;

/// The attempts of one lane on one node.
using worker_actor = caf::typed_actor<
    // Another configuration is in force.
    caf::result<bool>(config_news),
    // The lane's orders.
    caf::result<void>(lane_orders),
    // What the node's runner did.
    caf::result<void>(runner_news),
    // Take no new work; hand back at the deadline. The node is told when the last attempt is gone.
    caf::result<void>(drain_worker),
    // The same for an operator; answered when the last attempt is gone.
    caf::result<worker_fates>(empty_worker),
    // Take work again; answered with whether an operator had drained it.
    caf::result<bool>(undrain_worker),
    // For `fabric nodes`.
    caf::result<worker_report>(get_nodes),
    // How far an attempt says it is.
    caf::result<progress_report>(get_progress),
    // A restarted lane or runner.
    caf::result<void>(directory_entry)>;

/// The link to the fabric-runner process of this node.
using runner_actor = caf::typed_actor<
    // Another configuration is in force.
    caf::result<bool>(config_news),
    // Runs, stops and forgets attempts.
    caf::result<void>(runner_orders),
    // A worker introduces itself; answered with runner_news.
    caf::result<void>(join_runner),
    // How far an attempt says it is.
    caf::result<progress_report>(get_progress),
    // Membership's answer to a renewal.
    caf::result<void>(leases_renewed),
    // Spool directories that may be recycled.
    caf::result<void>(pruned_jobs),
    // A planned stop: every lease is lengthened, and the runner knows; then answered.
    caf::result<bool>(prepare_outage),
    // INTERNAL: the connection to the runner has something.
    caf::result<void>(link_frames),
    // A restarted membership.
    caf::result<void>(directory_entry)>;

/// The attempts that run as handlers, in this process.
using handler_pool_actor = caf::typed_actor<
    // Another configuration is in force.
    caf::result<bool>(config_news),
    // Runs, stops and forgets attempts.
    caf::result<void>(runner_orders),
    // A worker introduces itself; answered with runner_news.
    caf::result<void>(join_runner),
    // How far an attempt says it is.
    caf::result<progress_report>(get_progress),
    // Membership's answer to a renewal.
    caf::result<void>(leases_renewed),
    // INTERNAL: a handler has returned.
    caf::result<void>(handler_news),
    // The node detaches: hand everything back; answered when that is committed.
    caf::result<bool>(release_handlers),
    // A restarted membership or store.
    caf::result<void>(directory_entry)>;

/// What is asked of one node, from wherever in the cell.
using node_face_actor = caf::typed_actor<
    // Empty its workers; answered when they are.
    caf::result<drain_report>(drain_node),
    // Have them take work again.
    caf::result<order_receipt>(undrain_node),
    // Leave its jobs to its runner and exit.
    caf::result<order_receipt>(detach_node),
    // How far a running attempt says it is.
    caf::result<progress_report>(get_progress),
    // Its workers and what they hold.
    caf::result<worker_reports>(get_workers),
    // A piece of an attempt's output.
    caf::result<spool_piece>(read_spool),
    // What a job left in its checkpoint directory, and a piece of it.
    caf::result<checkpoint_listing>(list_checkpoint), caf::result<spool_piece>(read_checkpoint)>;

/// Answers for one node.
using steward_actor = node_face_actor::extend<
    // Another configuration is in force.
    caf::result<bool>(config_news),
    // Restarted workers.
    caf::result<void>(directory_entry)>;

/// Files of this node's spool. Detached: it blocks in reads.
using spool_files_actor = caf::typed_actor<
    // A piece of an attempt's output.
    caf::result<spool_piece>(read_spool),
    // What a job left in its checkpoint directory, and a piece of it.
    caf::result<checkpoint_listing>(list_checkpoint), caf::result<spool_piece>(read_checkpoint)>;

/// Settles what the next attempt of a job finds of those before it. Detached: it writes files.
using checkpoints_actor = caf::typed_actor<
    // Answered when it is.
    caf::result<checkpoint_brought>(bring_checkpoint),
    // Another configuration is in force.
    caf::result<bool>(config_news),
    // A restarted store or spool reader.
    caf::result<void>(directory_entry)>;

/// The connection of a node that joined to its cell.
using uplink_actor = caf::typed_actor<
    // Names of the scheduler's node.
    caf::result<void>(cell_names),
    // The cell's terms changed.
    caf::result<void>(cell_terms),
    // Which lanes live here.
    caf::result<void>(host_lanes),
    // Directories that may be recycled.
    caf::result<void>(pruned_jobs),
    // The node's own file is to be read again.
    caf::result<change_receipt>(reload_config),
    // Restarted partners.
    caf::result<void>(directory_entry)>;

/// Who lets nodes join the cell, and tells them what they need of it.
using registrar_actor = caf::typed_actor<
    // A node wants to join.
    caf::result<node_welcome>(node_hello),
    // A lane lives on a node that was told to have it.
    caf::result<void>(lane_hosted),
    // Another configuration is in force.
    caf::result<bool>(config_news),
    // Directories that may be recycled, on whatever node.
    caf::result<void>(pruned_jobs),
    // For `fabric nodes`.
    caf::result<registered_nodes>(get_registered),
    // Restarted partners.
    caf::result<void>(directory_entry)>;

/// The child table of one node.
using supervisor_actor = caf::typed_actor<
    // The node drains: tell every child that takes work, and every later incarnation.
    caf::result<void>(drain_children),
    // Another child table.
    caf::result<void>(revise_children),
    // End the children in reverse order, then yourself.
    caf::result<void>(stop_children),
    // What is alive, and how often it was restarted.
    caf::result<child_reports>(get_children)>;

} // namespace fabric::actors
