#pragma once

#include "actors/wire.hpp"
#include "nodes/cli/text/table.hpp"

#include <span>
#include <string>

/// Lanes, nodes and events for people. Pure.
namespace fabric::cli {

table lane_table(const actors::lane_reports& all);

/// A line per paused lane: since and until when, and why.
std::string pause_lines(const actors::lane_reports& all);
/// Work thrown away since the store exists: a line for classes and one for nodes, the most first; empty if none was.
std::string waste_text(const actors::lane_reports& all);

/// A line per worker; a node that is lost, or does not answer, has a line of its own.
table node_table(const actors::node_reports& all);
/// Labels of nodes, and how their configurations differ from the scheduler's, a line each; empty if there is nothing.
std::string node_notes(const actors::node_reports& all);

/// "2026-01-02T03:04:05.678Z  demoted    job 42.1  checksum  fast  a1  text", without a newline.
std::string event_line(const store::event& e, const style& how);

} // namespace fabric::cli
