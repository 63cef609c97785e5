#pragma once

#include "fabric/tls/authority.hpp"
#include "fabric/tls/context.hpp"

#include <functional>
#include <string>

/// The certificate of a node, over its life.
namespace fabric::tls {

/// Copies what the files say into memory; what becomes of the files later does no harm. One thread.
class own_credentials {
public:
  /// @param what scheduler or node. @param told a line for each thing that an operator should know.
  own_credentials(role what, std::string directory, std::string name, std::function<void(const std::string&)> told);

  /// Reads the files; a scheduler makes and renews what it must, see scheduler_credentials(), but makes an authority at
  /// the first look only.
  /// @returns a context for connections from now on; null if the certificate is still the same. Errors: as there, and
  /// errc::not_allowed for another authority than before, and of a node for a certificate of another name;
  /// errc::unavailable of a node for one that is not good now, which the clock or a copy may change.
  expected<context_ptr> look(time_point now);

private:
  expected<credentials> read(time_point now) const;
  expected<void> check_node(const credentials& found, time_point now) const;

  role what_;
  std::string directory_;
  std::string name_;
  std::function<void(const std::string&)> told_;
  std::string authority_, certificate_; ///< In use, as PEM; empty: none yet.
};

} // namespace fabric::tls
