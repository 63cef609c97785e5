#include "tests/system/runner/harness.hpp"

#include "fabric/exec/spool.hpp"

#include <catch2/catch_test_macros.hpp>

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace harness {

namespace {

unique_fd connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

fence_t fence_of(const was_started& m) { return m.fence; }
fence_t fence_of(const was_refused& m) { return m.fence; }
fence_t fence_of(const has_ended& m) { return m.what.fence; }
fence_t fence_of(const slot_leaked& m) { return m.fence; }
fence_t fence_of(const has_progressed& m) { return m.fence; }
fence_t fence_of(const hello&) { return 0; }

// Kind and fence of each, for a test that waits in vain.
std::string listed(const std::vector<from_runner>& frames) {
  std::string text;
  for (const auto& frame : frames) {
    const auto fence = std::visit([](const auto& m) { return fence_of(m); }, frame);
    static constexpr const char* names[] = {"hello", "started", "refused", "ended", "leaked", "progressed"};
    text += std::string(names[frame.index()]) + " " + std::to_string(fence) + ", ";
  }
  return text;
}

} // namespace

bool eventually(const std::function<bool()>& true_now) {
  const auto end = boottime_us() + std::int64_t{patience_ms} * 1000;
  while (!true_now()) {
    if (boottime_us() > end) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

std::string slurp(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

client::client(const std::string& socket) {
  unique_fd fd;
  REQUIRE(eventually([&] { return static_cast<bool>(fd = connect_to(socket)); }));
  channel_ = frame_channel(std::move(fd));
}

void client::send(const to_runner& what) { send_raw(encode(what)); }

void client::send_raw(std::string_view bytes) {
  channel_.send(bytes);
  while (channel_.backlog() > 0 && channel_.flush()) {
    pollfd p{channel_.fd(), POLLOUT, 0};
    ::poll(&p, 1, channel_.backlog() > 0 ? patience_ms : 0);
  }
}

from_runner client::next() {
  for (;;) {
    const auto body = channel_.next();
    REQUIRE(body);
    if (*body) {
      auto frame = decode_from_runner(**body);
      REQUIRE(frame);
      return *frame;
    }
    pollfd p{channel_.fd(), POLLIN, 0};
    REQUIRE(::poll(&p, 1, patience_ms) == 1);
    if (!channel_.receive()) {
      const auto last = channel_.next();
      REQUIRE((last && *last)); // else the runner hung up
      return *decode_from_runner(**last);
    }
  }
}

bool client::closed_by_peer() {
  for (;;) {
    pollfd p{channel_.fd(), POLLIN, 0};
    if (::poll(&p, 1, patience_ms) != 1) return false;
    if (!channel_.receive()) return true;
  }
}

template <class M> M client::await(const std::function<bool(const M&)>& fits) {
  for (std::size_t i = 0;; ++i) {
    if (i == kept_.size()) {
      INFO("waiting for another frame than these: " << listed(kept_));
      kept_.push_back(next());
    }
    if (const auto* m = std::get_if<M>(&kept_[i]); m && fits(*m)) {
      auto found = *m;
      kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
      return found;
    }
  }
}

was_started client::started(fence_t fence) {
  return await<was_started>([=](const auto& m) { return fence_of(m) == fence; });
}
was_refused client::refused(fence_t fence) {
  return await<was_refused>([=](const auto& m) { return fence_of(m) == fence; });
}
attempt_ended client::ended(fence_t fence) {
  return await<has_ended>([=](const auto& m) { return fence_of(m) == fence; }).what;
}
has_progressed client::progressed(fence_t fence) {
  return await<has_progressed>([=](const auto& m) { return fence_of(m) == fence; });
}
hello client::greeting() {
  return await<hello>([](const auto&) { return true; });
}

runner_under_test::runner_under_test(settings s) : set(std::move(s)) {
  char name[] = "/tmp/fabric-runner-test-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  directory = name;
  if (set.user >= 0) {
    REQUIRE(::chown(name, static_cast<uid_t>(set.user), static_cast<gid_t>(set.user)) == 0);
  }
  start();
}

void runner_under_test::start() {
  std::vector<std::string> args{FABRIC_BIN_DIR "/fabric-runner",
                                "--socket",
                                socket(),
                                "--spool",
                                spool(),
                                "--ledger",
                                directory + "/runner.ledger",
                                "--slots",
                                std::to_string(set.slots),
                                "--idle-exit",
                                std::to_string(set.idle_exit)};
  std::vector<char*> argv;
  for (auto& a : args) argv.push_back(a.data());
  argv.push_back(nullptr);
  pid = ::fork();
  if (pid != 0) return;
  if (set.processes >= 0) {
    const rlimit l{static_cast<rlim_t>(set.processes), static_cast<rlim_t>(set.processes)};
    ::setrlimit(RLIMIT_NPROC, &l);
  }
  if (set.user >= 0 && (::setgid(static_cast<gid_t>(set.user)) != 0 || ::setuid(static_cast<uid_t>(set.user)) != 0))
    ::_exit(126);
  if (std::freopen((directory + "/runner.log").c_str(), "a", stderr) == nullptr) ::_exit(126);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

int runner_under_test::wait_exit() {
  int status = 0;
  REQUIRE(eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }));
  pid = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void runner_under_test::kill_runner() {
  ::kill(pid, SIGKILL);
  wait_exit();
}

std::vector<process> runner_under_test::keepers() const {
  std::vector<process> found;
  for (const auto& p : all_processes())
    if (p.parent == pid && !p.gone()) found.push_back(p);
  return found;
}

std::string runner_under_test::file(job_id job, const std::string& name, std::uint32_t attempt) const {
  return attempt_directory(spool(), job, attempt) + "/" + name;
}

std::vector<process> runner_under_test::alive_jobs() const {
  std::vector<process> found;
  for (const auto& p : all_processes()) {
    if (p.gone()) continue;
    // By what they hold: their working directory, output or environment is below this test's directory.
    const auto base = "/proc/" + std::to_string(p.pid);
    bool ours = false;
    for (const char* link : {"/cwd", "/fd/1", "/fd/2"}) {
      std::error_code none;
      const auto target = std::filesystem::read_symlink(base + link, none).string();
      ours = ours || (target.rfind(spool() + "/", 0) == 0);
    }
    if (ours) found.push_back(p);
  }
  return found;
}

runner_under_test::~runner_under_test() {
  if (pid != 0) {
    ::kill(pid, SIGKILL);
    int status = 0;
    eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; });
  }
  // The keepers end their trees: no process may be left of any test.
  const bool clean = eventually([&] { return alive_jobs().empty(); });
  for (const auto& p : alive_jobs()) signal_process(p, SIGKILL);
  CHECK(clean);
  std::error_code none;
  std::filesystem::remove_all(directory, none);
}

run order(fence_t fence, std::vector<std::string> argv) {
  run r;
  r.fence = fence;
  r.job = fence + 1000;
  r.attempt = 1;
  r.job_class = "test";
  r.lane = "fast";
  r.argv = std::move(argv);
  r.env = {{"PATH", "/usr/bin:/bin"}};
  r.input = "{}";
  r.deadline_us = boottime_us() + std::int64_t{3600} * 1'000'000;
  r.grace_us = 1'000'000;
  r.node_name = "a1";
  return r;
}

run sail(fence_t fence, std::vector<std::string> args) {
  args.insert(args.begin(), FABRIC_BIN_DIR "/fabric-sailor");
  return order(fence, std::move(args));
}

run shell(fence_t fence, const std::string& script) { return order(fence, {"/bin/sh", "-c", script}); }

} // namespace harness
