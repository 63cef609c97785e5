#pragma once

#include "fabric/error.hpp"
#include "fabric/lane/lane.hpp"
#include "fabric/node/worker.hpp"
#include "fabric/scheduler/explain.hpp"
#include "fabric/scheduler/membership.hpp"
#include "fabric/scheduler/time_spent.hpp"
#include "fabric/store/job_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The messages between processes, as plain structs without a word of CAF, so that programs which only link the client
/// need not see it. How they are written and read: actors/inspect.hpp; everything else: actors/messages.hpp.
namespace fabric::actors {

/// At most limits::batch_jobs specs; an answer per item, in order.
struct submit_jobs {
  std::vector<job_spec> specs;
};
/// What became of one job named in a request.
struct receipt {
  job_id id = 0;
  bool duplicate = false; ///< submit: the key was known, `id` is the first job's.
  std::optional<error> failure;
};
struct receipts {
  std::vector<receipt> items;
};
struct cancel_jobs {
  std::vector<job_id> ids; ///< At most limits::batch_jobs.
};
struct kick_jobs {
  std::vector<job_id> ids;
};

struct reset_jobs {
  std::vector<job_id> ids;
};

struct get_jobs {
  std::vector<job_id> ids; ///< At most limits::batch_jobs; missing ones are left out of the reply.
};
struct list_jobs {
  store::job_filter filter;
};
struct job_page {
  std::vector<job> jobs;
  std::optional<error> failure;
};
/// Answered with those that are final, as soon as one is, or with none after `patience`.
struct wait_jobs {
  std::vector<job_id> ids; ///< At most limits::batch_jobs.
  duration patience{};     ///< At most 30 s; a client asks again.
};

struct get_details {
  job_id id = 0;
};
struct job_details {
  std::optional<error> failure;
  job row;
  std::vector<attempt> attempts;
  std::string input;
  std::optional<std::string> result;
  std::optional<key_line> line; ///< While it waits for earlier jobs of its ordering key.
};

/// Events after `after`, as soon as there is one, or none after `patience`. after == 0: the last `limit` ones.
struct get_events {
  std::uint64_t after = 0;
  std::uint32_t limit = 100; ///< 1 .. 1000.
  duration patience{};
};
struct event_page {
  std::vector<store::event> events;
  std::optional<error> failure;
};

/// A piece of an attempt's stdout or stderr.
struct read_log {
  job_id id = 0;
  std::uint32_t attempt = 0; ///< 0: the newest.
  bool from_stderr = false;
  std::uint64_t offset = 0;
  std::uint32_t limit = 65536; ///< At most 64 KiB.
};
struct log_piece {
  std::string bytes;
  std::uint64_t next_offset = 0;
  std::uint64_t skipped = 0;  ///< Bytes in front of `bytes` that the output cap has cut out.
  std::uint32_t attempt = 0;  ///< The one that was read.
  bool complete = false;      ///< The attempt has ended and nothing follows.
  bool gone = false;          ///< It had begun and ended, and its output is not kept any more.
  bool more_attempts = false; ///< The job is not final or a newer attempt exists.
  std::optional<error> failure;
};

struct get_lanes {};
struct lane_report {
  lane::status now;
  store::lane_counts counts;
};
struct lane_reports {
  std::vector<lane_report> lanes;
  std::string policy;
  std::optional<error> failure;
  store::waste_totals wasted{};
};
struct get_nodes {};
struct worker_report {
  node::worker_status now;
};
struct node_report {
  scheduler::node_status now;
  std::vector<node::worker_status> workers; ///< None: the node did not answer.
  std::map<std::string, std::string> labels{};
  std::vector<std::string> differences{}; ///< Of its configuration from the scheduler's, a sentence each.
};
struct node_reports {
  std::vector<node_report> nodes;
  std::optional<error> failure{};
};
/// Start nothing in this lane until it is resumed, or for so long. A second one replaces the first.
struct pause_lane {
  std::string lane;
  std::string reason;               ///< 1 to 255 bytes.
  std::optional<duration> length{}; ///< 1 s to 10 years; unset: until it is resumed.
};
struct resume_lane {
  std::string lane;
};
/// What became of an operator's order: done, unless there is a failure.
struct order_receipt {
  std::optional<error> failure;
};

/// Why a job does not run, and where its time went.
struct explain_job {
  job_id id = 0;
};
struct job_explanation {
  std::optional<error> failure{};
  job row{};
  std::vector<scheduler::reason> reasons{};  ///< See scheduler/explain.hpp.
  std::vector<scheduler::time_part> parts{}; ///< Add up to `total`.
  duration total{};                          ///< From submission to the end, or until now.
};

/// Read the configuration file again, and work by it from now on.
struct reload_config {
  bool dry_run = false; ///< Only say what would change, or why it cannot.
};
/// Another policy, until the configuration is read again.
struct set_policy {
  std::string name;
  std::map<std::string, std::string> params{}; ///< Values as JSON text.
};
/// What a changed configuration changes. With a failure all is as it was.
struct change_receipt {
  std::optional<error> failure{};
  std::vector<std::string> problems{}; ///< Of the file, by line.
  std::vector<std::string> changes{};  ///< See config/change.hpp.
};
struct get_config {};
struct config_text {
  std::optional<error> failure{};
  std::string file;                    ///< Where it was read; empty: nowhere.
  std::string text{};                  ///< See config/show.hpp.
  std::string policy{};                ///< In force.
  std::vector<std::string> policies{}; ///< Those that can be set, sorted.
};

/// Have a node take no new work; what runs may end until the deadline, the rest is handed back. Answered when its
/// workers are empty.
struct drain_node {
  std::string node;                 ///< Empty: the one that is asked.
  std::optional<duration> length{}; ///< 0 to 1 h; unset: node.drain_timeout.
};
/// Have it take work again.
struct undrain_node {
  std::string node; ///< As above.
};
struct drain_report {
  std::optional<error> failure{};
  std::string node{};
  std::vector<node::fate> fates{};
};
/// Have a node leave its jobs to its runner and exit. Answered before it does.
struct detach_node {
  std::string node; ///< As above.
};

/// How far the attempt says it is that holds this fence: node, lane and fence as in its job's row.
struct get_progress {
  std::string node;
  std::string lane;
  fence_t fence = 0;
};
struct progress_report {
  std::optional<error> failure{};
  std::optional<seen_progress> seen{}; ///< Nothing: it has said nothing, or does not run there (any more).
};

struct get_hello {};
struct cell_hello {
  std::uint32_t protocol = 3;
  std::string build;
  std::string node;
  std::uint64_t boot = 0;
  bool draining = false;
};

} // namespace fabric::actors
