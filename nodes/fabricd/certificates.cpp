#include "nodes/fabricd/certificates.hpp"

#include <spdlog/spdlog.h>

#include <chrono>

namespace fabric::nodes {

namespace {

using steady = std::chrono::steady_clock;

constexpr auto refusal_interval = std::chrono::seconds{1};

time_point wall_now() { return std::chrono::floor<duration>(std::chrono::system_clock::now()); }

std::string directory_of(const config::node& node) { return node.tls.empty() ? node.data + "/tls" : node.tls; }

} // namespace

certificates::certificates(const config::root& config, std::shared_ptr<spdlog::logger> log)
    : log_(std::move(log)),
      own_(config.node.join.empty() ? tls::role::scheduler : tls::role::node, directory_of(config.node),
           config.node.name, [to = log_](const std::string& line) { to->info("tls: {}", line); }) {}

expected<tls::context_ptr> certificates::first() { return own_.look(wall_now()); }

tls::context_ptr certificates::look() {
  auto found = own_.look(wall_now());
  const auto wrong = found ? std::string{} : render(found.error());
  if (!wrong.empty() && wrong != said_) log_->error("tls: {}; the certificate in use stays", wrong);
  said_ = wrong;
  return found ? std::move(*found) : nullptr;
}

actors::refusal_callback certificates::refusals() const {
  return [log = log_, last = steady::time_point{}, kept_back = 0](const std::string& peer,
                                                                  const std::string& why) mutable {
    const auto now = steady::now();
    if (now - last < refusal_interval) {
      ++kept_back;
      return;
    }
    log->warn("tls: refused a connection from {}: {}; {} more since the last such line", peer, why, kept_back);
    last = now;
    kept_back = 0;
  };
}

} // namespace fabric::nodes
