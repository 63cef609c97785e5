#pragma once

#include "fabric/config/config.hpp"
#include "fabric/tls/own_credentials.hpp"

#include "actors/tls_transport.hpp"

#include <memory>

namespace spdlog {
class logger;
}

/// The certificates of this node.
namespace fabric::nodes {

class certificates {
public:
  certificates(const config::root& config, std::shared_ptr<spdlog::logger> log);

  /// At the start. Errors: see tls::own_credentials.
  expected<tls::context_ptr> first();

  /// Another certificate if there is one now, else null. What is wrong is logged, and what was in use stays so.
  tls::context_ptr look();

  /// Logs refused connections, one a second at most.
  actors::refusal_callback refusals() const;

private:
  std::shared_ptr<spdlog::logger> log_;
  tls::own_credentials own_;
  std::string said_; ///< What was wrong at the last look.
};

} // namespace fabric::nodes
