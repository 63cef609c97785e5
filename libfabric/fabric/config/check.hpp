#pragma once

#include "fabric/config/config.hpp"
#include "fabric/config/document.hpp"

/// The rules between values, checked once all of them are read. Pure.
namespace fabric::config {

/// Notes every broken rule in `out`, with the place in `doc` that `all` was read from.
void check_relations(const root& all, const document& doc, problems& out);

} // namespace fabric::config
