#pragma once

#include "fabric/node/descriptor_watch.hpp"

#include <sys/types.h>

/// How many files this process may have open. CAF's loop takes a whole core while a connection waits for which there is
/// no descriptor; so fabricd uses all that it may have, and shuts its door before the last is gone.
namespace fabric::exec {

/// Raises the soft limit to the hard one. Once, at the start.
void use_all_descriptors();

/// What is free now; as if none were, if that cannot be found out.
node::descriptors descriptors_now();

/// Gives a child the soft limit that this process was started with: jobs inherit it, and some are not made for a large
/// one. Nothing happens before use_all_descriptors().
void give_usual_descriptors(pid_t child);

} // namespace fabric::exec
