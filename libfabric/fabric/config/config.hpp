#pragma once

#include "fabric/job/retry.hpp"
#include "fabric/policy/lane_policy.hpp"
#include "fabric/store/job_store.hpp"
#include "fabric/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The configuration of a node, with its defaults. JSON form: config/full.json lists every option with unit and
/// default; fabric/config/load.hpp reads and checks it. Durations in JSON are strings: "300ms", "60s", "5m", "2h",
/// "7d"; sizes are strings "64MiB" or plain bytes.
namespace fabric::config {

// Each struct's JSON keys and ranges are in fields.hpp.

struct node {
  std::string name;                      ///< Default: the host's name, cut at the first dot. [A-Za-z0-9_.-]{1,64}.
  std::string listen = "127.0.0.1:7600"; ///< Where the scheduler is published, with mTLS; on loopback too.
  std::string data = "/var/lib/fabric";  ///< Store, spool, socket; `fabricd --data` overrides it.
  std::string tls;                       ///< Directory of certificates and keys; empty: "tls" in `data`.
  std::vector<std::string> join;         ///< HOST:PORT of the cell's scheduler, tried in turn. Empty: this node is it.
  std::map<std::string, std::string> labels;    ///< What lanes may require of it; see lane::requires_labels.
  std::map<std::string, std::uint32_t> workers; ///< Slots per lane on this node; a lane not named: lanes[].slots.
  std::uint64_t memory_low = 512ull << 20;
  bool allow_root = false; ///< fabricd refuses to run as root without it.
  duration drain_timeout = std::chrono::seconds{25};
  std::uint32_t threads =
      0; ///< Scheduler threads of the actor system; 0: half as many as cores, at least 1, at most 8.
};

struct store {
  std::string kind = "sqlite";           ///< "sqlite", or "memory" (tests: nothing survives).
  std::uint64_t disk_low = 256ull << 20; ///< Below this much free space submissions and starts are refused.
  std::uint64_t reserve = 16ull << 20;   ///< Size of the file that is given up so that ends still commit.
  fabric::store::retention retention;
};

struct spool {
  duration age = std::chrono::hours{24 * 7}; ///< Attempt directories of finished jobs are recycled after this,
  std::uint64_t bytes = 10ull << 30;         ///< or when the spool holds more than this; 0: no limit,
  std::uint64_t inodes_low = 10'000;         ///< or when the file system has fewer free inodes than this.
};

struct on_timeout {
  enum class kind : std::uint8_t { move, fail };
  kind what = kind::move;
  std::string move_to;                                                      ///< Empty: the next lane of the list.
  std::vector<policy::demotion_mode> modes{policy::demotion_mode::restart}; ///< "mode", then "else"; see check.hpp.
};

/// Where a lane's actor lives.
struct lane_place {
  enum class kind : std::uint8_t { scheduler, node, labels };
  kind what = kind::scheduler;
  std::string node;                          ///< Of this name,
  std::map<std::string, std::string> labels; ///< or with all of these labels.

  bool operator==(const lane_place&) const = default;
};

struct lane {
  std::string name;
  std::uint32_t slots = 1;                            ///< What each node offers unless its node.workers says otherwise.
  std::map<std::string, std::string> requires_labels; ///< Only nodes with all of these labels offer slots.
  lane_place place;
  std::optional<duration> budget; ///< null: no limit.
  duration grace = std::chrono::seconds{10};
  bool demoted_first = true;
  on_timeout timeout;
};

struct routing {
  std::string policy = "fast-first";
  std::map<std::string, std::string> params; ///< Values as JSON text; each policy checks its own.
};

/// null: none.
struct class_limits {
  std::optional<duration> wall;           ///< Ends the attempt as timed_out.
  std::uint64_t output = 64ull << 20;     ///< Bytes kept of stdout and of stderr, each; the middle goes first. 0: all.
  std::optional<std::uint64_t> memory;    ///< Bytes of the whole process tree; over it: memory_exceeded.
  std::optional<duration> cpu;            ///< CPU time of the whole tree; over it: timed_out.
  std::optional<std::uint64_t> processes; ///< Processes and threads of the whole tree; over it: failed.
  std::optional<std::uint64_t> files;     ///< Open files of each process (RLIMIT_NOFILE).
  std::optional<std::uint64_t> file_size; ///< Bytes of a file (RLIMIT_FSIZE).
  std::optional<std::uint64_t> address_space; ///< Bytes of each process (RLIMIT_AS).
  std::optional<duration> stall_timeout{};    ///< After so long without progress: timed_out. 0: none.
};

/// Which threads run a handler: those shared by everything that computes or that waits, or the class's own.
struct handler_threads {
  enum class kind : std::uint8_t { compute, io, own };
  kind what = kind::compute;
  std::uint32_t count = 0; ///< Of its own threads.

  bool operator==(const handler_threads&) const = default;
};

/// Has a command or a handler.
struct job_class {
  std::vector<std::string> command;       ///< argv template; see command_template.hpp; [0] an absolute path.
  std::string handler;                    ///< A C++ function of this name in the node's own program.
  handler_threads threads;                ///< Of the handler.
  std::string cwd;                        ///< Empty: the attempt's directory.
  std::map<std::string, std::string> env; ///< Added to what node/command.hpp lets through.
  std::string user;                       ///< Empty: fabricd's.
  std::string lane;                       ///< Empty: the policy places.
  std::uint32_t max_attempts = 3;
  std::vector<policy::demotion_mode> on_timeout; ///< How its jobs leave a lane they outstay. Empty: as the lane says.
  retry_policy backoff;
  class_limits limits;
  bool enabled = true;
};

struct handlers {
  std::uint32_t max_leaked = 2;  ///< With more handlers that do not return the node drains and ends.
  std::uint32_t io_threads = 64; ///< Shared by classes with "threads": "io".
};

struct limits {
  std::uint64_t max_queued = 2'000'000;             ///< Live jobs.
  std::uint64_t max_inflight_submits = 64ull << 20; ///< Bytes of submissions not yet answered.
  std::uint32_t max_waiters = 10'000;               ///< Clients waiting for jobs or events at once.
  std::uint32_t max_questions = 10'000;             ///< Reads, cancels and kicks not yet answered.
};

struct lease {
  duration first = std::chrono::seconds{15};
  duration max = std::chrono::minutes{20};
  duration node_silence = std::chrono::seconds{10}; ///< A node silent for this long is lost.
};

/// How the node's supervisor treats a child that ends: at most `restarts` within `within`, then the node goes down.
struct supervision {
  std::uint32_t restarts = 5;
  duration within = std::chrono::seconds{30};
  duration backoff = std::chrono::milliseconds{100}; ///< First delay; doubles up to 5 s.
  duration stall_alarm = std::chrono::seconds{30};   ///< An event when a lane starts nothing so long, but could.
};

struct logging {
  std::string format = "text"; ///< "text" or "json".
  std::string level = "info";  ///< "debug", "info", "warn", "error".
};

struct root {
  config::node node;
  config::store store;
  config::spool spool;
  std::vector<lane> lanes; ///< Default: fast (3 slots, 60 s) and slow (1 slot, no budget).
  config::routing routing;
  std::map<std::string, job_class> classes;
  config::handlers handlers;
  config::limits limits;
  config::lease lease;
  config::supervision supervision;
  logging log;
  bool allow_ad_hoc = false; ///< Allow `fabric run -- ARGV…`: the client names the command.
};

/// The built-in defaults; config/full.json shows the same, tested.
root defaults();

} // namespace fabric::config
