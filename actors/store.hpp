#pragma once

#include "fabric/store/job_store.hpp"

#include "actors/environment.hpp"
#include "actors/interfaces.hpp"

#include <memory>

namespace fabric::actors {

/// Spawns the store actor (detached). Group commit: the first operation of a batch makes it send itself a flush;
/// everything that is in its mailbox by then joins; a batch ends at the flush or at limits::commit_ops. No timer
/// is involved; the only one is slow, for the pruning of a fabric that has nothing to do.
/// While another connection holds the store's lock, operations wait and are tried again, in their order.
/// An I/O error answers nobody and ends the process with exit code 70 through `env->fail`.
store_actor spawn_store(caf::actor_system& sys, environment_ptr env, std::shared_ptr<store::job_store> db,
                        spawn_as how = spawn_as::detached);

} // namespace fabric::actors
