#pragma once

#include "fabric/exec/frame_channel.hpp"
#include "fabric/exec/ledger.hpp"
#include "fabric/exec/progress_board.hpp"
#include "fabric/exec/protocol.hpp"
#include "fabric/exec/runner.hpp"
#include "fabric/exec/spool.hpp"

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The inside of the runner: one epoll loop. runner.cpp: the loop; runner_client.cpp: what fabricd asks for;
/// runner_keepers.cpp: the keepers and what becomes of a dead one's attempt.
namespace fabric::exec {

class runner::loop {
public:
  loop(runner_options options, ledger book, free_directories directories, unique_fd listener);
  ~loop();
  int serve();

private:
  /// What an epoll event is about; slots count from tag_keepers.
  enum : std::uint64_t { tag_listener, tag_signals, tag_client, tag_keepers };

  /// Room for one attempt.
  struct slot {
    enum class phase : std::uint8_t {
      none,     ///< No keeper; one is started on demand, not before `restart_us`.
      idle,     ///< A keeper waits.
      busy,     ///< A keeper has the attempt `record`.
      retiring, ///< The keeper was told to go.
      cleaning  ///< The keeper died; its tree is being killed.
    };
    phase now = phase::none;
    pid_t pid = 0;
    std::uint64_t start = 0;
    frame_channel channel;
    std::uint32_t record = 0;
    std::string cgroup;
    std::int64_t born_us = 0;
    std::int64_t restart_us = 0;
    std::int64_t backoff_us = 0;
    std::int64_t stop_by_us = 0; ///< End of the shortest grace that it was told of, or of its wall time; 0: none.
    bool leaked = false;
    bool killed = false; ///< The keeper was found frozen; its death is to come.
  };
  /// An unfinished attempt without a keeper.
  struct orphan {
    std::uint32_t record = 0;
    std::optional<std::size_t> slot; ///< That is free again afterwards; none for attempts of an earlier runner.
    std::int64_t since_us = 0;
    std::string reason;
    bool leak_said = false;
  };

  // The loop.
  bool prepare();
  void watch(int fd, std::uint64_t tag, std::uint32_t events);
  void rewatch(int fd, std::uint64_t tag, std::uint32_t events);
  int wait_ms();
  void on_event(std::uint64_t tag);
  void on_signals();
  void on_time();
  bool may_leave();
  void drain();
  void flush_all();
  void log(const std::string& line) const;

  // The client.
  void on_connections();
  void greet(unique_fd socket);
  void drop_client(const std::string& why);
  void on_client();
  void obey(std::string_view body);
  void on_run(const run& order, std::string_view body);
  void on_prune(const prune& what);
  void prune_some();
  void tell_more_ends();
  void tell_leaks();
  bool may_tell_progress() const;
  void tell_progress(std::int64_t now);
  void on_relane(const relane& what, std::string_view body);
  bool is_held(job_id job, std::uint32_t attempt);
  bool runs(job_id job); ///< An attempt of it that has not ended.
  void on_forget(fence_t fence);
  void tell(const from_runner& what);
  void tell_end(std::uint32_t record);
  void on_stop(const stop& order, std::string_view body);
  slot* tending(fence_t fence);
  void pass_on(fence_t fence, std::string_view body);
  std::string directory_of(const ledger_record& r) const;
  bool unfinished(std::uint32_t record);
  std::size_t unfinished_count();

  // The keepers.
  std::optional<std::size_t> free_slot(std::string& why);
  bool spawn(std::size_t index, std::string& why);
  void on_keeper(std::size_t index);
  void on_keeper_frame(std::size_t index, std::string_view body);
  void on_dead_keeper(std::size_t index);
  void reap();
  void sweep();
  void clean_up();
  bool kill_own_orphans();
  void finish_orphan(const orphan& o);
  void retire_surplus();
  void dismiss_keepers();
  void kill_frozen_keepers(std::int64_t now);
  std::int64_t kill_due(const slot& s);

  runner_options options_;
  ledger book_;
  free_directories directories_;
  unique_fd listener_;
  unique_fd epoll_;
  unique_fd signals_;
  frame_channel client_;
  bool client_wants_write_ = false;
  std::vector<slot> slots_;
  std::uint32_t wanted_slots_ = 0;
  std::map<fence_t, std::uint32_t> held_; ///< Fence to record, all that are not free.
  std::deque<fence_t> ends_to_tell_;      ///< After a hello, as fast as the client reads them.
  std::deque<std::pair<job_id, std::uint32_t>> to_prune_;
  progress_board progress_;
  std::vector<orphan> orphans_;
  std::int64_t clean_us_ = 0;  ///< Next round of clean_up() while there are orphans.
  std::int64_t accept_us_ = 0; ///< Accepting is paused until then; 0: it is not.
  std::int64_t idle_since_us_ = 0;
  std::string boot_;
  std::string cgroup_home_;
  bool draining_ = false;
  bool leaving_ = false;
};

} // namespace fabric::exec
