#include "actors/meta_objects.hpp"

#include "actors/inspect_lane.hpp"
#include "actors/messages.hpp"

#include <caf/init_global_meta_objects.hpp>
#include <caf/io/middleman.hpp>

#include <mutex>

namespace fabric::actors {

void init_meta_objects() {
  static std::once_flag once;
  std::call_once(once, [] {
    caf::core::init_global_meta_objects();
    caf::io::middleman::init_global_meta_objects();
    caf::init_global_meta_objects<caf::id_block::fabric_wire>();
    caf::init_global_meta_objects<caf::id_block::fabric_cell>();
    caf::init_global_meta_objects<caf::id_block::fabric_local>();
  });
}

} // namespace fabric::actors
