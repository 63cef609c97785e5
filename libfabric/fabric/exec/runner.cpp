#include "fabric/exec/runner.hpp"

#include "fabric/exec/cgroup.hpp"
#include "fabric/exec/keeper.hpp"
#include "fabric/exec/runner_loop.hpp"
#include "fabric/exec/runner_socket.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace fabric::exec {

expected<std::unique_ptr<runner>> runner::open(runner_options options) {
  if (options.slots < 1 || options.slots > bounds::slots)
    return fail(errc::bad_input, "must be 1 to " + std::to_string(bounds::slots), "--slots");
  if (options.spool.empty() || options.spool[0] != '/') return fail(errc::bad_input, "must be absolute", "--spool");
  auto book = ledger::open(options.ledger);
  if (!book) return tl::unexpected(book.error());
  auto directories = free_directories::open(options.spool);
  if (!directories) return tl::unexpected(directories.error());
  auto listener = listen_at(options.socket);
  if (!listener) return tl::unexpected(listener.error());
  auto l = std::make_unique<loop>(std::move(options), std::move(*book), std::move(*directories), std::move(*listener));
  return std::unique_ptr<runner>(new runner(std::move(l)));
}

runner::runner(std::unique_ptr<loop> l) : loop_(std::move(l)) {}
runner::~runner() = default;
int runner::serve() { return loop_->serve(); }

runner::loop::loop(runner_options options, ledger book, free_directories directories, unique_fd listener)
    : options_(std::move(options)), book_(std::move(book)), directories_(std::move(directories)),
      listener_(std::move(listener)), slots_(options_.slots), wanted_slots_(options_.slots), boot_(boot_id()),
      cgroup_home_(cgroup_home()) {}

runner::loop::~loop() { ::unlink(options_.socket.c_str()); }

void runner::loop::log(const std::string& line) const {
  if (options_.log) options_.log(line);
}

bool runner::loop::prepare() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  sigset_t watched;
  ::sigemptyset(&watched);
  for (const int s : {SIGCHLD, SIGTERM, SIGINT}) ::sigaddset(&watched, s);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  signals_.reset(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!signals_ || !epoll_) return false;
  watch(listener_.get(), tag_listener, EPOLLIN);
  watch(signals_.get(), tag_signals, EPOLLIN);
  return true;
}

void runner::loop::watch(int fd, std::uint64_t tag, std::uint32_t events) {
  epoll_event e{events, {}};
  e.data.u64 = tag;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &e);
}

void runner::loop::rewatch(int fd, std::uint64_t tag, std::uint32_t events) {
  epoll_event e{events, {}};
  e.data.u64 = tag;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &e);
}

int runner::loop::serve() {
  if (!prepare()) return 71;
  idle_since_us_ = boottime_us();
  sweep();
  std::array<epoll_event, 64> events;
  while (!may_leave()) {
    const int n = ::epoll_wait(epoll_.get(), events.data(), events.size(), wait_ms());
    if (n < 0 && errno != EINTR) return 71;
    for (int i = 0; i < n; ++i) on_event(events[static_cast<std::size_t>(i)].data.u64);
    on_time();
    flush_all();
  }
  flush_all();
  dismiss_keepers();
  return 0;
}

void runner::loop::on_event(std::uint64_t tag) {
  switch (tag) {
  case tag_listener: return on_connections();
  case tag_signals: return on_signals();
  case tag_client: return on_client();
  default: return on_keeper(static_cast<std::size_t>(tag - tag_keepers));
  }
}

int runner::loop::wait_ms() {
  if (!to_prune_.empty()) return 0;
  constexpr auto never = std::int64_t{1} << 62;
  auto due = never;
  if (!orphans_.empty()) due = clean_us_;
  if (accept_us_ != 0) due = std::min(due, accept_us_);
  if (options_.idle_exit_us > 0 && idle_since_us_ != 0) due = std::min(due, idle_since_us_ + options_.idle_exit_us);
  for (const auto& s : slots_)
    if (s.now == slot::phase::busy) due = std::min(due, kill_due(s));
  if (const auto news = progress_.next_due(); news != 0 && may_tell_progress()) due = std::min(due, news);
  if (due == never) return -1;
  return static_cast<int>(std::clamp<std::int64_t>((due - boottime_us() + 999) / 1000, 0, 60'000));
}

void runner::loop::on_signals() {
  signalfd_siginfo info;
  while (::read(signals_.get(), &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD) drain();
  reap();
}

void runner::loop::drain() {
  log(draining_ ? "told to stop again: killing what runs" : "told to stop: ending what runs");
  const auto grace = draining_ ? 0 : bounds::drain_grace;
  draining_ = true;
  for (auto& s : slots_) {
    if (s.now != slot::phase::busy) continue;
    const auto frame = encode(to_runner(stop{book_.at(s.record).fence, stop_reason::drain, grace}));
    s.channel.send_body(keeper_frame_head(s.record), std::string_view(frame).substr(4));
  }
}

void runner::loop::on_time() {
  const auto now = boottime_us();
  if (accept_us_ != 0 && now >= accept_us_) {
    accept_us_ = 0;
    watch(listener_.get(), tag_listener, EPOLLIN);
  }
  if (!orphans_.empty() && now >= clean_us_) clean_up();
  kill_frozen_keepers(now);
  prune_some();
  tell_more_ends();
  tell_progress(now);
  if (client_.open())
    idle_since_us_ = 0;
  else if (unfinished_count() > 0)
    idle_since_us_ = now;
  else if (idle_since_us_ == 0)
    idle_since_us_ = now;
}

bool runner::loop::may_leave() {
  const bool idle_out =
      options_.idle_exit_us > 0 && idle_since_us_ != 0 && boottime_us() >= idle_since_us_ + options_.idle_exit_us;
  return (draining_ || leaving_ || idle_out) && unfinished_count() == 0;
}

void runner::loop::flush_all() {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    auto& channel = slots_[i].channel;
    if (!channel.open() || channel.backlog() == 0) continue;
    channel.flush(); // a dead keeper shows as SIGCHLD
    rewatch(channel.fd(), tag_keepers + i, channel.backlog() > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }
  if (!client_.open()) return;
  if (client_.backlog() > 0 && !client_.flush()) return drop_client("fabricd is gone");
  if (client_.backlog() > bounds::client_backlog) return drop_client("fabricd does not read; it may connect again");
  const bool wants = client_.backlog() > 0;
  if (wants == client_wants_write_) return;
  client_wants_write_ = wants;
  rewatch(client_.fd(), tag_client, wants ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

} // namespace fabric::exec
