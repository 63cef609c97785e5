#include "nodes/sailor/voyage.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <iterator>

/// `fabric-sailor MODE [options]`: a job that misbehaves on request. Without a MODE it reads {"mode": "…", …} from
/// stdin, with the options' names as keys. Exit code 64: no such mode or option.
int main(int argc, char** argv) {
  sailor::voyage v;
  CLI::App app{"The drunken sailor: a job that misbehaves on request."};
  app.add_option("mode", v.mode, "one of: " + sailor::mode_list());
  app.add_option("--code", v.code, "exit: the exit code")->check(CLI::Range(0, 255));
  app.add_option("--signal", v.signal, "crash: the signal's number")->check(CLI::Range(1, 64));
  app.add_option("--limit", v.limit_bytes,
                 "hog, flood, big-file, babble: bytes, files: number, progress: percent; after which to stop");
  app.add_option("--seconds", v.seconds, "how long to sleep, spin, ignore; 0: for ever")->check(CLI::Range(0.0, 1e6));
  app.add_option("--seed", v.seed, "random: picks the mode; default: time and pid");
  std::string argument;
  app.add_option("argument", argument, "exit N and crash N");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 64;
  }
  std::string flaw;
  if (v.mode.empty()) flaw = sailor::read_input({std::istreambuf_iterator<char>(std::cin), {}}, v);
  if (!argument.empty()) flaw = sailor::read_argument(argument, v);
  if (flaw.empty() && !sailor::known(v.mode)) flaw = "no such mode: \"" + v.mode + "\"";
  if (!flaw.empty()) {
    std::cerr << "fabric-sailor: " << flaw << "\n";
    return 64;
  }
  return sailor::sail(v);
}
