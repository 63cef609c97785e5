#include "actors/messages.hpp"
#include "actors/registrar.hpp"

#include <caf/type_id.hpp>

namespace fabric::actors {

namespace {

constexpr std::uint64_t fnv_start = 14695981039346656037ull;

std::uint64_t fnv(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return (hash ^ 0xff) * 1099511628211ull; // An end that no text has.
}

/// Names and numbers of the messages of one block.
template <class Block> std::uint64_t add_block(std::uint64_t hash) {
  for (caf::type_id_t id = Block::begin; id < Block::end; ++id) {
    const auto name = caf::query_type_name(id);
    hash = fnv(fnv(hash, std::to_string(id)), {name.data(), name.size()});
  }
  return hash;
}

} // namespace

scheduler::build_card card_of_build() {
  const auto types = add_block<caf::id_block::fabric_cell>(add_block<caf::id_block::fabric_wire>(fnv_start));
  return {cell_protocol, FABRIC_CAF, types, FABRIC_BUILD};
}

} // namespace fabric::actors
