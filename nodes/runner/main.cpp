#include "fabric/exec/bounds.hpp"
#include "fabric/exec/runner.hpp"

#include "nodes/log/log.hpp"

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

#include <signal.h>
#include <unistd.h>

/// `fabric-runner`: owns the jobs of one node. See fabric/exec/runner.hpp.
/// Exit codes: 0 left in peace, 64 usage, 71 the system refused something, 75 another runner is there.
int main(int argc, char** argv) {
  fabric::exec::runner_options options;
  double idle_exit = 0;
  fabric::config::logging log_as;
  CLI::App app{"Runs the jobs of one node for fabricd."};
  app.set_version_flag("--version", FABRIC_BUILD);
  app.add_option("--socket", options.socket, "Where fabricd connects")->required();
  app.add_option("--spool", options.spool, "Absolute; one directory per attempt")->required();
  app.add_option("--ledger", options.ledger, "What outlives this process")->required();
  app.add_option("--slots", options.slots, "Attempts at once")
      ->required()
      ->check(CLI::Range(1u, fabric::exec::bounds::slots));
  app.add_option("--idle-exit", idle_exit, "Seconds without connection and attempts after which to leave; 0: never")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--log-format", log_as.format, "Of the lines on stderr")->check(CLI::IsMember({"text", "json"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 64;
  }
  options.idle_exit_us = static_cast<std::int64_t>(idle_exit * 1e6);
  const auto log = fabric::nodes::make_log(log_as);
  options.log = [log](const std::string& line) { log->info("fabric-runner: {}", line); };
  ::setsid(); // no signal meant for fabricd's terminal or group; fails where it is done already
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  auto runner = fabric::exec::runner::open(std::move(options));
  if (!runner) {
    log->error("fabric-runner: {}", fabric::render(runner.error()));
    switch (runner.error().code) {
    case fabric::errc::bad_input: return 64;
    case fabric::errc::wrong_state: return 75;
    default: return 71;
    }
  }
  return (*runner)->serve();
}
