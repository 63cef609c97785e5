#pragma once

namespace fabric::actors {

/// Tells CAF of its own and of our message types, once per process, however often and from whichever thread it is
/// called. @pre the first call comes before the first actor system.
void init_meta_objects();

} // namespace fabric::actors
