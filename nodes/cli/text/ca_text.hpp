#pragma once

#include "fabric/tls/authority.hpp"

#include "nodes/cli/text/style.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

/// What `fabric ca` prints. Pure.
namespace fabric::cli {

/// The authority and everything it has issued.
std::string ca_text(const tls::certificate_facts& authority, const std::vector<tls::issued_certificate>& issued,
                    time_point now, const style& how);
nlohmann::json ca_json(const tls::certificate_facts& authority, const std::vector<tls::issued_certificate>& issued,
                       time_point now);

/// What was made, and what to do with it. @param directory where it is.
std::string issued_text(const tls::certificate_facts& made, const std::string& directory);
nlohmann::json issued_json(const tls::certificate_facts& made, const std::string& directory);

} // namespace fabric::cli
