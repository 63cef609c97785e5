#include "fabric/store/shrinker.hpp"

namespace fabric::store {

std::uint64_t shrinker::wanted(file_pages found) {
  const bool begins = found.free > how_.many && found.free > found.all / how_.share;
  at_it_ = (at_it_ || begins) && found.free > how_.leave;
  return at_it_ ? found.free - how_.leave : 0;
}

} // namespace fabric::store
