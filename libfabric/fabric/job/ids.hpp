#pragma once

#include <cstdint>
#include <optional>

/// Numbers that only grow, over restarts and roll-backs too. Pure: the store writes what `unsaved_mark` asks for.
namespace fabric {

/// Hands out ids from blocks, so that the high-water mark is written once per block and not once per id.
///
///     take() … take();  if (unsaved_mark()) write it;  commit;  committed()
///
/// Every id a transaction uses is at most the mark that is durable once the transaction is. A restart goes on behind
/// the mark; the ids of the block that were not used are skipped. After a roll-back, call nothing: the mark stays
/// unsaved, is written by the next transaction, and the ids taken are never given again.
class id_block {
public:
  /// @param high_water the mark as read from the store: ids up to it may have been used. 0 for a new store.
  /// @param block_size ids per mark, at least 1 (asserted); 1 makes it a plain counter.
  id_block(std::uint64_t high_water, std::uint64_t block_size);

  /// Returns an id greater than every one before; the first of a new store is 1.
  /// @pre ids stay below 2^63, which SQLite can hold (asserted; at 10^6 a second that is 292,000 years).
  std::uint64_t take();

  /// The mark that the current transaction must write; nullopt while the durable one covers every id taken.
  std::optional<std::uint64_t> unsaved_mark() const;

  /// The transaction that wrote `unsaved_mark` is durable. @pre no take() since the mark was written (asserted as far
  /// as it can be seen: the mark still covers every id).
  void committed();

private:
  std::uint64_t last_;  ///< Highest id given, or skipped.
  std::uint64_t mark_;  ///< Highest id of the current block.
  std::uint64_t saved_; ///< The mark known to be durable.
  std::uint64_t block_size_;
};

} // namespace fabric
