#pragma once

#include "fabric/lane/lane.hpp"
#include "fabric/node/worker.hpp"
#include "fabric/policy/lane_policy.hpp"
#include "fabric/sim/agenda.hpp"
#include "fabric/store/memory_store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

/// The real lane and worker machines with a store in memory and processes that only take time, in virtual time.
/// The rest of a cell is reduced to what these machines see of it: of membership, that a node fell silent and that
/// its leases ended. Deterministic: equal options and calls give equal worlds.
namespace fabric::sim {

struct node_options {
  std::string name;
  std::map<std::string, std::uint32_t> slots; ///< Per lane.
  std::vector<std::string> classes;           ///< Sorted.
};

/// What may go wrong with every message, until `until`. Messages between the same two never overtake each other.
struct faults {
  time_point until{};
  duration max_delay{};
  duration max_commit{}; ///< The store's longest commit; what it is asked meanwhile joins the next one.
  double loss = 0;
  double repeat = 0;
};

struct world_options {
  std::vector<lane::settings> lanes;
  std::shared_ptr<policy::lane_policy> policy;
  std::vector<node_options> nodes;
  faults trouble;
  std::uint64_t seed = 1;
};

/// One run of a process.
struct run {
  job_id job = 0;
  fence_t fence = 0;
  std::string lane, node; ///< lane: of its start.
  time_point begin{};
  time_point end{}; ///< Exit, or the stop that ended it.
  outcome how = outcome::none;
  std::uint32_t carried = 0; ///< How often another worker of its node took it over.
};

class lane_world {
public:
  /// How one run of a job goes: after `size` it exits as `how`.
  struct script {
    duration size{};
    outcome how = outcome::succeeded;
    bool saves = false; ///< When it is stopped it leaves a checkpoint.
  };
  using behaviour = std::function<script(job_id, std::uint32_t attempt)>;

  lane_world(world_options options, behaviour jobs);
  ~lane_world();

  time_point now() const { return agenda_.now(); }
  time_point start() const { return start_; }
  void at(time_point when, agenda::action what) { agenda_.at(when, std::move(what)); }

  /// Admits a job now, into the lane the policy places it in.
  job_id submit(job_spec spec, std::uint32_t max_attempts = 3);
  void cancel(job_id id);
  /// Puts it back if it is buried; else nothing.
  void kick(job_id id);
  /// The lane's actor dies and a new one takes its place.
  void restart_lane(const std::string& name);
  /// All lanes work by other settings, which `change` makes of theirs, and another policy from now on.
  void reconfigure(const std::function<void(lane::settings&)>& change, std::shared_ptr<policy::lane_policy> policy);
  /// Everything on the node dies; it is back after `downtime` with a new boot.
  void crash_node(const std::string& name, duration downtime);

  /// Runs until no job is live. False: some still were at `limit`.
  bool run_until_done(time_point limit);
  void run_until(time_point limit);

  store::memory_store& rows() { return store_; }
  const std::vector<run>& runs() const { return runs_; }
  const std::vector<std::string>& violations() const { return violations_; }
  lane::status report(const std::string& name) const { return lanes_.at(name).machine->report(now()); }

private:
  struct lane_seat {
    lane::settings how;
    std::unique_ptr<lane::machine> machine;
    std::uint64_t life = 0;
    std::optional<time_point> armed;
    std::map<job_id, store::lane_entry> known; ///< What it was told, for the checks.
    std::map<job_id, std::uint64_t> asked;     ///< Versions it has asked something about.
  };
  struct process {
    std::size_t run = 0; ///< In runs_.
    std::uint64_t boot = 0;
    stop_reason stopping = stop_reason::none;
    bool saves = false;
    std::uint64_t taken = 0; ///< Version of the newest order to take it over.
    std::optional<attempt_ended> end{};
  };
  struct worker_seat {
    std::string lane;
    std::unique_ptr<node::worker> machine;
    std::optional<time_point> armed;
    std::map<fence_t, process> processes;
    std::uint64_t heard = 0;       ///< Number of its newest want that arrived.
    std::set<std::string> refused; ///< Classes refused since its newest want.
  };
  struct node_seat {
    node_options how;
    std::uint64_t boot = 0;
    bool up = false;
    std::map<std::string, worker_seat> workers; ///< By lane.
  };
  using asks = std::vector<lane::ask_store>;
  /// An operation that waits for the next commit. `from` is empty for a client's.
  struct pending {
    std::string from;
    std::uint64_t life = 0;
    lane::ask_store what;
  };

  void send(const std::string& from, const std::string& to, agenda::action deliver);
  double draw();

  // lane side
  void open_lane(lane_seat& seat);
  void tell_lane(const std::string& name, const lane::event& what);
  void perform(lane_seat& seat, const lane::effects& todo);
  void perform(lane_seat& seat, const lane::load_page& e);
  void perform(lane_seat& seat, const lane::offer& e);
  void perform(lane_seat& seat, const lane::ask_carry& e);
  void close_lease(const lane_seat& seat, fence_t fence);
  void to_worker(lane_seat& seat, const std::string& node, node::worker_event what);
  void ask_store(lane_seat& seat, const asks& all);
  void join_batch(const std::string& from, std::uint64_t life, const asks& all);
  store::answer commit_with(const store::operation& op);
  void commit();
  store::batch_result commit(const std::vector<pending>& batch);
  void publish(const store::batch_result& done, const std::vector<pending>& batch);
  void feed_lane(const std::string& name, const std::vector<store::lane_change>& changes);
  void arm(lane_seat& seat);

  // node side
  void boot(node_seat& node);
  void tell_worker(const std::string& node, const std::string& lane, const node::worker_event& what);
  void perform(node_seat& node, worker_seat& w, const node::worker_effects& todo);
  void run_process(node_seat& node, worker_seat& w, const start_order& order);
  void settle_checkpoint(node_seat& node, worker_seat& w, const node::transfer_order& what);
  void stop_process(node_seat& node, const stop_order& order);
  void exit_process(const std::string& node, std::uint64_t boot, fence_t fence, outcome how);
  void forget_process(node_seat& node, fence_t fence);
  void fetch(node_seat& node, worker_seat& to, const take_order& order);
  static worker_seat* holder(node_seat& node, fence_t fence);
  void arm(node_seat& node, worker_seat& w);
  void leases_end(const std::string& node, std::uint64_t boot);

  // checks
  static bool is_before(const lane_seat& seat, const store::lane_entry& a, const store::lane_entry& b);
  void check_alarm(const lane::alarm& e);
  void check_lease(const lane_seat& seat, const store::lease& op);
  void check_process(const node_seat& node, const worker_seat& w, const start_order& order);
  void check_key(job_id id);
  void check_slots(const node_seat& node, const std::string& lane, std::uint32_t more);
  void violated(std::string what) { violations_.push_back(std::move(what)); }

  world_options options_;
  behaviour jobs_;
  agenda agenda_;
  time_point start_;
  std::mt19937_64 random_;
  store::memory_store store_;
  std::vector<pending> batch_;
  bool commit_planned_ = false;
  std::map<std::string, lane_seat> lanes_;
  std::map<std::string, node_seat> nodes_;
  std::map<std::pair<std::string, std::string>, time_point> links_; ///< When the last message on it arrives.
  std::map<fence_t, std::pair<std::string, std::string>> leases_;   ///< Lane and node, as membership watches them.
  std::vector<run> runs_;
  std::vector<std::string> violations_;
};

} // namespace fabric::sim
