#pragma once

#include "fabric/config/config.hpp"

#include "actors/compat.hpp"
#include "actors/live_config.hpp"
#include "actors/messages.hpp"
#include "actors/supervisor.hpp"
#include "nodes/fabricd/assembly/child_table.hpp"
#include "tests/actors/scripted_handlers.hpp"
#include "tests/actors/scripted_runner.hpp"
#include "tests/actors/scripted_store.hpp"

#include <caf/event_based_actor.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// A node in virtual time: all its actors under their supervisor, as fabricd has them, in one thread, with a store in
/// memory and a runner that runs nothing. Nothing happens but in `run` and `advance`.
namespace fabric::actors::testing {

class world;

using wrap_policy = std::function<std::shared_ptr<policy::lane_policy>(std::shared_ptr<policy::lane_policy>)>;

struct world_settings {
  config::root config = defaults(); ///< Classes "work" and "poison", both lanes, node "a1".
  wrap_policy wrap;                 ///< Around the policy of each lane.
  std::string data = "/nowhere";    ///< Where its spool would be.
  /// What memory the host has available; unset: nobody looks.
  std::function<std::optional<std::uint64_t>()> available_memory;
  std::function<node::descriptors()> descriptors; ///< Unset: nobody looks.
  bool with_node = true;                          ///< False: only the system and its clock.
  std::function<void(world&)> at_once;            ///< Called before any actor has run.

  static config::root defaults();
};

class world {
public:
  explicit world(world_settings how = {});
  ~world();
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  // -- time
  void run();               ///< Until nobody has anything to do at this instant.
  void advance(duration d); ///< Lets time pass from timer to timer.
  void skip(duration d);    ///< Lets time pass before anybody does what is waiting.
  time_point now() const;

  // -- who is there
  caf::actor_system& system() { return *system_; }
  environment_ptr env() const { return env_; }
  directory_actor directory() const { return directory_; }
  supervisor_actor supervisor() const { return supervisors_.front(); }
  template <class Handle> Handle find(const std::string& name) const {
    return caf::actor_cast<Handle>(newest_.at(name));
  }
  scheduler_actor scheduler() const { return find<scheduler_actor>("scheduler"); }
  void kill(const std::string& name);            ///< As a crash would: nothing is said to anybody. Then `run`.
  void crash(const std::string& name);           ///< The same without `run`; callable while the actors run.
  std::vector<std::string> children();           ///< In their order. Asks and runs.
  std::uint64_t starts(const std::string& name); ///< Asks and runs.
  std::uint64_t starts_now(const std::string& name) const { return starts_.at(name); }
  std::size_t timers() const; ///< Set and still wanted.
  std::size_t alive() const;  ///< Actors of all kinds.
  void stop();                ///< As fabricd does at its end; also done by the destructor.
  supervisor_actor supervise(std::vector<child_spec> children);

  // -- questions
  template <class Reply> using answer = std::shared_ptr<std::optional<Reply>>;

  /// Sends the question; the answer is there once it has come.
  template <class Reply, class Handle, class Question> answer<Reply> ask_later(const Handle& whom, Question question) {
    auto slot = std::make_shared<std::optional<Reply>>();
    system_->spawn([slot, whom, question](caf::event_based_actor* self) {
      ask(self, whom, std::chrono::hours{1000}, question)
          .then([slot](Reply& reply) { *slot = std::move(reply); }, [](caf::error&) {});
    });
    return slot;
  }

  /// Asks and runs. @throws std::runtime_error if no answer came.
  template <class Reply, class Handle, class Question> Reply ask_now(const Handle& whom, Question question) {
    const auto slot = ask_later<Reply>(whom, std::move(question));
    run();
    if (!*slot) throw std::runtime_error("no answer came");
    return std::move(**slot);
  }

  // -- a client's words
  job_id submit(const std::string& job_class = "work", std::uint32_t max_attempts = 3);
  receipt cancel(job_id id);
  receipt kick(job_id id);
  void drain(duration patience); ///< As fabricd does on SIGTERM. Then `run`.

  // -- the truth
  job row(job_id id) const;
  std::vector<attempt> attempts(job_id id) const;
  job_state state(job_id id) const { return row(id).state; }

  std::shared_ptr<scripted_store> store = std::make_shared<scripted_store>();
  scripted_runner process{[this] { return now(); }};
  scripted_handlers threads{[this] { return now(); }};    ///< Of the one handler that there is, "calculate".
  std::vector<std::pair<int, std::string>> failures;      ///< What would have ended the process.
  std::map<std::string, std::vector<node::fate>> drained; ///< By worker.
  std::function<void(const std::string&)> on_drained;     ///< Called in the worker's context, before.
  std::map<std::string, std::vector<std::string>> strays; ///< What was dropped, by CAF's name of the actor.
  std::vector<std::string> offered;                       ///< Workers that said so.
  tl::expected<config::loaded, config::problems> file;    ///< What the configuration file says; see reload_config.
  std::shared_ptr<live_config> live;
  int detached = 0;                         ///< How often the node was told to.
  std::uint32_t too_many_leaked = 0;        ///< Said by the handler pool.
  std::vector<client_face_actor> published; ///< Now reachable by clients.

private:
  std::vector<child_spec> child_table();
  std::vector<child_spec> counted(std::vector<child_spec> table);
  nodes::outside outside_world();

  world_settings how_;
  caf::actor_system_config settings_;
  std::unique_ptr<caf::actor_system> system_;
  environment_ptr env_;
  directory_actor directory_;
  std::vector<supervisor_actor> supervisors_;
  std::map<std::string, caf::strong_actor_ptr> newest_; ///< Incarnations, by name.
  std::map<std::string, std::uint64_t> starts_;
  std::size_t cafs_own_ = 0; ///< Actors that come with the system.
};

/// A job of the class.
job_spec spec(const std::string& job_class = "work", std::uint32_t max_attempts = 3);

} // namespace fabric::actors::testing
