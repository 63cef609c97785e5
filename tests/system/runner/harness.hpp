#pragma once

#include "fabric/exec/frame_channel.hpp"
#include "fabric/exec/proc.hpp"
#include "fabric/exec/protocol.hpp"

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

/// A real fabric-runner in a directory of its own, spoken to over its protocol. Nothing here sleeps: it waits for
/// frames, exits and files, each with a deadline that only a defect reaches.
namespace harness {

using namespace fabric;
using namespace fabric::exec;

inline constexpr int patience_ms = 60'000;

/// The fabricd side of a connection.
class client {
public:
  explicit client(const std::string& socket);
  void send(const to_runner& what);
  void send_raw(std::string_view bytes);
  /// The next frame, whatever it is. Fails the test if none comes.
  from_runner next();
  bool closed_by_peer(); ///< Waits for the end of the connection.
  /// Frames until one of type M comes for this fence; others are kept for later calls.
  was_started started(fence_t fence);
  was_refused refused(fence_t fence);
  attempt_ended ended(fence_t fence);
  has_progressed progressed(fence_t fence);
  hello greeting();

private:
  template <class M> M await(const std::function<bool(const M&)>& fits);
  frame_channel channel_;
  std::vector<from_runner> kept_;
};

struct settings {
  std::uint32_t slots = 4;
  double idle_exit = 0;
  std::string spool;   ///< Default: below the directory.
  int user = -1;       ///< Run the runner as this uid.
  long processes = -1; ///< RLIMIT_NPROC of the runner.
};

/// Start, kill, start again. At its end everything is killed and nothing may be left.
class runner_under_test {
public:
  explicit runner_under_test(settings s = {});
  ~runner_under_test();
  void start();
  void kill_runner();
  int wait_exit(); ///< Waits for the runner to leave; its exit code, or minus the signal.
  client connect() const { return client(socket()); }

  std::string directory;
  settings set;
  pid_t pid = 0;

  std::string socket() const { return directory + "/runner.sock"; }
  std::string spool() const { return set.spool.empty() ? directory + "/spool" : set.spool; }
  std::vector<process> keepers() const;
  std::string file(job_id job, const std::string& name, std::uint32_t attempt = 1) const;
  /// Processes that this runner's attempts started and that still live.
  std::vector<process> alive_jobs() const;
};

/// A run order of a program with a lease of an hour.
run order(fence_t fence, std::vector<std::string> argv);
/// The same of `fabric-sailor ARGS…`.
run sail(fence_t fence, std::vector<std::string> args);
/// `/bin/sh -c SCRIPT`.
run shell(fence_t fence, const std::string& script);

/// Waits until `true_now` holds, woken by a timer; false after harness::patience_ms.
bool eventually(const std::function<bool()>& true_now);
std::string slurp(const std::string& path);

} // namespace harness
