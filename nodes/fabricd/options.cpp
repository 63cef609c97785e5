#include "nodes/fabricd/options.hpp"

#include <CLI/CLI.hpp>

namespace fabric::nodes {

namespace {

constexpr const char* footer = R"(Signals:
  SIGTERM, SIGINT  drain: take no new work, let jobs finish until node.drain_timeout, hand the rest back; a second one
                   hands back at once
  SIGHUP           read the configuration file again, as `fabric reload` does
  SIGUSR2          detach: leave the jobs to the runner and exit; the next fabricd takes them over; handlers, which
                   end with this process, are handed back

Exit codes:
  0   drained or detached
  1   the node's runner speaks another version of the protocol
  2   usage or configuration
  3   cannot start: another fabricd owns the store, or the address is taken
  69  the node's certificate is not good now: over, or, by this host's clock, not yet
  70  the store failed; nothing was acknowledged that is not durable
  71  an actor could not be kept alive
  75  more handlers than handlers.max_leaked did not return; drained before, and to be started again)";

} // namespace

std::optional<options> parse_options(int argc, char** argv, int& exit_code) {
  options o;
  CLI::App app{"fabricd: one node of a job fabric"};
  app.footer(footer);
  app.set_version_flag("--version", FABRIC_BUILD);
  app.add_option("--config", o.config, "configuration, JSON with comments")->required()->type_name("FILE");
  app.add_option("--data", o.data, "directory of store, spool and socket (over node.data)")->type_name("DIR");
  app.add_option("--set", o.set, "one option over the file, for example --set /node/allow_root=true")
      ->type_name("POINTER=VALUE");
  app.add_option("--runner", o.runner, "the fabric-runner to start (default: the one beside fabricd)")
      ->type_name("PATH");
  app.add_flag("--no-start-runner", o.no_runner, "never start a runner: a unit of its own does");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    exit_code = app.exit(e) == 0 ? 0 : 2;
    return std::nullopt;
  }
  return o;
}

} // namespace fabric::nodes
