#pragma once

#include "fabric/store/job_store.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <memory>
#include <string>

namespace fabric::actors {

/// Spawns the actor of the read-only connection (detached). Its failures are replies.
store_reader_actor spawn_store_reader(caf::actor_system& sys, std::shared_ptr<store::job_reader> db,
                                      spawn_as how = spawn_as::detached);

/// Spawns the actor that finds logs (detached): the store says on which node an attempt ran, that node's spool_files
/// reads. @param node this one's name.
spool_reader_actor spawn_spool_reader(caf::actor_system& sys, std::string node, std::shared_ptr<store::job_reader> db,
                                      spawn_as how = spawn_as::detached);

/// Spawns the actor that reads files of this node's spool (detached).
spool_files_actor spawn_spool_files(caf::actor_system& sys, std::string spool, spawn_as how = spawn_as::detached);

} // namespace fabric::actors
