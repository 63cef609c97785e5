#pragma once

#include "actors/runner.hpp"

#include <map>
#include <vector>

namespace fabric::actors::testing {

/// A fabric-runner that runs nothing: it speaks the protocol and does what the test says. It outlives its connections,
/// as the real one does.
class scripted_runner {
public:
  struct process {
    exec::run order;
    time_point started{}; ///< no_time: not yet.
    time_point deadline{};
    std::optional<exec::has_progressed> progress{};
  };

  explicit scripted_runner(std::function<time_point()> now) : now_(std::move(now)) {}

  expected<std::unique_ptr<runner_wire>> connect(runner_wire::callback say);

  /// The process of an order that was only taken exists now.
  void start(fence_t fence);
  /// The attempt ends by itself.
  void end(fence_t fence, outcome how, std::optional<std::string> result = {});
  /// The attempt says this of its progress now. It is told to every later connection too.
  void say_progress(fence_t fence, std::string state);
  /// The connection breaks, and cannot be had again until `mend`.
  void cut();
  void mend() { reachable_ = true; }
  /// What the keepers do on their own: ends what has outlived its lease.
  void enforce_leases();

  /// The newest running attempt of a job. @pre there is one.
  fence_t fence_of(job_id job) const;

  bool greets = true; ///< Says hello.
  bool starts = true; ///< Forks what it is told to run, at once.
  bool obeys = true;  ///< What is stopped ends at once.
  bool saves = false; ///< What ends has left a checkpoint.
  std::uint32_t protocol = exec::protocol_version;

  std::map<fence_t, process> running;
  std::map<fence_t, attempt_ended> finished; ///< Not forgotten yet.
  std::vector<exec::run> runs;               ///< Every process ever asked for.
  std::vector<exec::stop> stops;
  std::vector<fence_t> forgotten;
  std::vector<exec::relane> relanes;
  std::vector<std::pair<job_id, std::uint32_t>> pruned;
  std::uint32_t slots = 0;
  std::function<void(const exec::run&)> on_run;
  std::function<void(fence_t)> on_forget;

private:
  class wire;
  void receive(const exec::to_runner& what);
  void take(const exec::run& order);
  void stop(const exec::stop& order);
  void finish(fence_t fence, outcome how, stop_reason stopped, std::optional<std::string> result);
  void greet();
  void say(exec::from_runner frame);

  std::function<time_point()> now_;
  runner_wire::callback say_; ///< Unset: not connected.
  std::uint64_t connection_ = 0;
  bool reachable_ = true;
};

} // namespace fabric::actors::testing
