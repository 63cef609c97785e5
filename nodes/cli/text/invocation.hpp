#pragma once

#include "fabric/config/endpoint.hpp"
#include "fabric/job/job.hpp"
#include "fabric/job/states.hpp"
#include "fabric/time.hpp"
#include "fabric/tls/lifetime.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What the words of a command line mean. Pure.
namespace fabric::cli {

/// Of submit and run.
struct submission {
  job_spec spec;                 ///< From the options; its input is filled in from `input`.
  std::string input;             ///< As given: JSON, @FILE, or - for stdin; empty: null.
  std::string file;              ///< JSON lines, - for stdin; empty: one job from the options.
  std::vector<std::string> argv; ///< Of run.
  bool wait = false;
};

/// Of list and events.
struct selection {
  std::vector<job_state> states;
  std::string lane;
  std::string job_class;
  std::uint64_t after = 0;
  std::uint64_t limit = 0;
};

/// Of pause and resume.
struct lane_order {
  std::string lane;
  std::string reason;
  std::optional<duration> length;
};

/// Of what is about a node as a whole.
struct node_order {
  std::string node; ///< Empty: the one that answers.
  std::optional<duration> deadline;
  std::string policy;
  std::map<std::string, std::string> params; ///< Values as JSON text.
};

/// Of the operator's tools.
struct tool_options {
  std::string config;                        ///< A configuration file; empty: none.
  std::string data;                          ///< The node's data directory, over the configuration's; empty: that.
  bool quick = false;                        ///< store check.
  bool once = false;                         ///< top.
  std::string error;                         ///< cancel, kick: only jobs whose reason has this in it.
  bool bulk = false;                         ///< cancel, kick: of all that `chosen` names.
  bool dry_run = false;                      ///< cancel, kick, reload.
  bool defaults = false;                     ///< config show.
  bool yes = false;                          ///< cancel, kick: do not ask.
  std::string shell;                         ///< completion.
  std::string name;                          ///< ca issue, ca revoke; the latter takes a serial number too.
  bool is_client = false;                    ///< ca issue.
  std::string out;                           ///< ca issue: directory; empty: the name.
  duration length = tls::certificate_length; ///< ca issue.
};

struct invocation {
  std::string command; ///< "submit", "config check", …
  config::endpoint node{"127.0.0.1", 7600};
  std::string tls; ///< Directory of the client's certificate; empty: where clients look.
  bool json = false;
  bool follow = false;       ///< logs, events.
  bool from_stderr = false;  ///< logs.
  bool raw = false;          ///< logs, run: a job's output as it is, on a terminal too.
  std::uint32_t attempt = 0; ///< logs; 0: the newest.
  std::string path;          ///< config check.
  std::vector<job_id> ids;   ///< Without doubles, in the order given.
  submission job;
  selection chosen;
  lane_order order;
  node_order on_node;
  tool_options tool;
  std::optional<duration> patience; ///< How long to put up with an unreachable fabric.
  std::optional<duration> timeout;  ///< How long to wait for jobs.
};

} // namespace fabric::cli
