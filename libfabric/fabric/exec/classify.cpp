#include "fabric/exec/classify.hpp"

#include <string.h>
#include <sys/wait.h>

#include <cassert>

namespace fabric::exec {

namespace {

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name ? std::string("SIG") + name : "signal " + std::to_string(number);
}

std::string sentence_of_stop(stop_reason why) {
  switch (why) {
  case stop_reason::budget: return "stopped: over the lane's budget";
  case stop_reason::cancel: return "stopped: cancelled on request";
  case stop_reason::drain: return "stopped: the node drains";
  case stop_reason::lease: return "stopped: its lease ended";
  case stop_reason::unknown: return "stopped: the cell does not know this attempt";
  case stop_reason::wall: return "stopped: over the wall-time limit";
  case stop_reason::abandoned: return "stopped: the runner died";
  case stop_reason::memory: return "killed: over the limit of memory";
  case stop_reason::cpu: return "stopped: over the limit of cpu";
  case stop_reason::processes: return "killed: over the limit of processes";
  case stop_reason::stall: return "stopped: no progress";
  case stop_reason::none: break;
  }
  return {};
}

} // namespace

outcome outcome_of_stop(stop_reason why) {
  switch (why) {
  case stop_reason::budget: return outcome::demoted;
  case stop_reason::cancel: return outcome::cancelled;
  case stop_reason::drain: return outcome::drained;
  case stop_reason::wall:
  case stop_reason::stall:
  case stop_reason::cpu: return outcome::timed_out;
  case stop_reason::memory: return outcome::memory_exceeded;
  case stop_reason::processes: return outcome::failed;
  case stop_reason::lease:
  case stop_reason::unknown:
  case stop_reason::abandoned: return outcome::lost;
  case stop_reason::none: break;
  }
  assert(false && "no stop");
  return outcome::lost;
}

verdict classify(const ending& e) {
  if (!e.launch_error.empty()) return {outcome::failed, e.launch_error};
  const bool exited = WIFEXITED(e.wait_status);
  const int code = exited ? WEXITSTATUS(e.wait_status) : -1;
  if (code == 0 && e.bad_result.empty()) return {outcome::succeeded, {}};
  if (e.stopped != stop_reason::none) return {outcome_of_stop(e.stopped), sentence_of_stop(e.stopped)};
  if (code == 0) return {outcome::failed, "bad_result: " + e.bad_result};
  if (code == checkpoint_exit) return {outcome::checkpointed, "saved a checkpoint"};
  if (exited) return {outcome::failed, "exit code " + std::to_string(code)};
  return {outcome::crashed, "killed by " + signal_name(WTERMSIG(e.wait_status))};
}

} // namespace fabric::exec
