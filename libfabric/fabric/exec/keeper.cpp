#include "fabric/exec/keeper.hpp"

#include "fabric/exec/cgroup.hpp"
#include "fabric/exec/frame_channel.hpp"
#include "fabric/exec/tended_attempt.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace fabric::exec {

namespace {

class keeper {
public:
  explicit keeper(const keeper_setup& setup)
      : book_(*setup.book), spool_(setup.spool), runner_(unique_fd(setup.socket)),
        timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {
    sigset_t watched;
    ::sigemptyset(&watched);
    ::sigaddset(&watched, SIGCHLD);
    signals_.reset(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  int serve() {
    if (!timer_ || !signals_) return 71;
    while (runner_.open() || attempt_) {
      wait();
      if (runner_.open() && !talk()) lose_runner();
      if (attempt_ && attempt_->reap()) end();
      if (announce_us_ != 0 && boottime_us() >= announce_us_) announce();
      if (attempt_) tell_progress();
      if (attempt_ && attempt_->tick())
        say(slot_leaked{attempt_->fence(), "the process tree outlives SIGKILL; the slot is closed until it is gone"});
    }
    return 0;
  }

private:
  void wait() {
    std::array<pollfd, 4> fds{{{runner_.fd(), POLLIN, 0},
                               {signals_.get(), POLLIN, 0},
                               {timer_.get(), POLLIN, 0},
                               {attempt_ ? attempt_->progress_end() : -1, POLLIN, 0}}};
    if (runner_.open() && runner_.backlog() > 0) fds[0].events |= POLLOUT;
    arm();
    if (::poll(fds.data(), fds.size(), patience_ms()) <= 0) return;
    signalfd_siginfo info;
    if (fds[1].revents != 0)
      while (::read(signals_.get(), &info, sizeof info) > 0) {
      }
    std::uint64_t expirations = 0;
    if (fds[2].revents != 0 && ::read(timer_.get(), &expirations, sizeof expirations) > 0) armed_ = 0;
    if (fds[3].revents != 0) attempt_->listen();
  }

  int patience_ms() const {
    if (announce_us_ == 0) return -1;
    return static_cast<int>(std::max<std::int64_t>((announce_us_ - boottime_us() + 999) / 1000, 0));
  }

  void arm() {
    const auto due = attempt_ ? std::max<std::int64_t>(attempt_->next_due(), 1) : 0;
    // A keeper may be woken for nothing once in a while: cheaper than to set the timer for every attempt.
    if (due == 0 || (armed_ != 0 && armed_ <= due)) return;
    armed_ = due;
    itimerspec spec{};
    spec.it_value.tv_sec = due / 1'000'000;
    spec.it_value.tv_nsec = due % 1'000'000 * 1000;
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
  }

  bool talk() {
    const bool alive = runner_.receive();
    for (;;) {
      const auto body = runner_.next();
      if (!body) return false;
      if (!*body) break;
      obey(**body);
    }
    return alive && runner_.flush();
  }

  void obey(std::string_view body) {
    const auto record = take_keeper_head(body);
    auto order = decode_to_runner(body);
    if (!record || !order) return;
    if (auto* r = std::get_if<run>(&*order)) {
      if (!attempt_ && *record < book_.size()) start(std::move(*r), book_.at(*record));
    } else if (const auto* s = std::get_if<stop>(&*order)) {
      if (attempt_ && attempt_->fence() == s->fence) attempt_->stop(s->why, s->grace_us);
    } else if (auto* l = std::get_if<relane>(&*order)) {
      if (attempt_ && attempt_->fence() == l->fence) attempt_->relane(std::move(l->lane));
    } else if (const auto* e = std::get_if<extend>(&*order)) {
      for (const auto& [fence, deadline] : e->deadlines_us)
        if (attempt_ && attempt_->fence() == fence) attempt_->extend(deadline);
    }
  }

  void start(run order, ledger_record& record) {
    attempt_ = std::make_unique<tended_attempt>(std::move(order), record, spool_);
    switch (attempt_->start()) {
    case tended_attempt::started::yes: announce_us_ = boottime_us() + bounds::announce_after; break;
    case tended_attempt::started::failed: end(); break;
    case tended_attempt::started::refused:
      say(was_refused{attempt_->fence(), attempt_->why()});
      attempt_.reset();
      break;
    }
  }

  /// Later than it is true: the end of a short job tells all that this does, at half the cost of the job's messages.
  void announce() {
    announce_us_ = 0;
    say(attempt_->announcement());
  }

  void tell_progress() {
    if (auto said = attempt_->progress()) say(std::move(*said));
  }

  void end() {
    announce_us_ = 0;
    auto frame = attempt_->finish();
    attempt_.reset();
    if (!runner_.open()) return;
    runner_.send(frame);
    if (!runner_.flush()) lose_runner();
  }

  void say(from_runner what) {
    if (!runner_.open()) return;
    runner_.send(encode(what));
    if (!runner_.flush()) lose_runner();
  }

  void lose_runner() {
    runner_.close();
    if (attempt_) attempt_->abandon();
  }

  ledger& book_;
  std::string spool_;
  frame_channel runner_;
  unique_fd timer_;
  unique_fd signals_;
  std::int64_t armed_ = 0;
  std::int64_t announce_us_ = 0; ///< When `started` is due; 0: said, or nothing to say.
  std::unique_ptr<tended_attempt> attempt_;
};

} // namespace

void keep(const keeper_setup& setup) {
  // Only the runner ends a keeper; a signal to the whole group must not. Nothing that its starter ignored may be
  // ignored by jobs.
  for (int s = 1; s < NSIG; ++s)
    if (s != SIGKILL && s != SIGSTOP) ::signal(s, SIG_DFL);
  sigset_t blocked;
  ::sigfillset(&blocked);
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::prctl(PR_SET_NAME, "fabric-keeper");
  if (!setup.cgroup.empty() && !enter_cgroup(setup.cgroup)) {
    // Another runner that just started took the empty directory for an old one.
    const auto slash = setup.cgroup.rfind("/fabric-slot-");
    make_cgroup(setup.cgroup.substr(0, slash), setup.cgroup.substr(slash + 13));
    enter_cgroup(setup.cgroup);
  }
  ::_exit(keeper(setup).serve());
}

std::string keeper_frame_head(std::uint32_t record) {
  std::string head;
  for (int i = 0; i < 4; ++i) head.push_back(static_cast<char>(record >> (8 * i)));
  return head;
}

std::optional<std::uint32_t> take_keeper_head(std::string_view& body) {
  if (body.size() < 4) return std::nullopt;
  std::uint32_t record = 0;
  for (std::size_t i = 0; i < 4; ++i)
    record |= static_cast<std::uint32_t>(static_cast<unsigned char>(body[i])) << (8 * i);
  body.remove_prefix(4);
  return record;
}

} // namespace fabric::exec
