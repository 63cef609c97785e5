#pragma once

#include "fabric/invariant.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace fabric::lane {

/// A binary heap of pointers to items that know their own position, so that any of them can be taken out.
/// It knows nothing of what the items are:
///
///     struct order {
///       bool operator()(const T& a, const T& b) const;   // a comes before b; a strict weak order
///       static std::uint32_t& position(T& item);         // the heap's to write while the item is in it
///     };
///
/// The items stay where they are and must outlive their time in the heap. What a rush of them needed is given back.
template <class T, class Order> class heap {
public:
  explicit heap(Order order = {}) : order_(order) {}

  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  T* top() const { return items_.empty() ? nullptr : items_.front(); }

  void push(T& item) {
    items_.push_back(&item);
    Order::position(item) = static_cast<std::uint32_t>(items_.size() - 1);
    up(items_.size() - 1);
  }

  /// @pre `item` is in this heap (asserted).
  void remove(T& item) {
    const std::size_t at = Order::position(item);
    invariant(at < items_.size() && items_[at] == &item);
    place(at, items_.back());
    items_.pop_back();
    if (at < items_.size()) {
      up(at);
      down(at);
    }
    if (items_.capacity() > small && items_.size() < items_.capacity() / 8) items_.shrink_to_fit();
  }

  void clear() { items_.clear(); }

private:
  static constexpr std::size_t small = 1024; ///< Items for which no memory is given back.

  void place(std::size_t at, T* item) {
    items_[at] = item;
    Order::position(*item) = static_cast<std::uint32_t>(at);
  }

  void swap(std::size_t a, std::size_t b) {
    T* const item = items_[a];
    place(a, items_[b]);
    place(b, item);
  }

  void up(std::size_t at) {
    for (; at > 0 && order_(*items_[at], *items_[(at - 1) / 2]); at = (at - 1) / 2) swap(at, (at - 1) / 2);
  }

  void down(std::size_t at) {
    for (;;) {
      std::size_t best = at;
      for (const auto child : {2 * at + 1, 2 * at + 2})
        if (child < items_.size() && order_(*items_[child], *items_[best])) best = child;
      if (best == at) return;
      swap(at, best);
      at = best;
    }
  }

  std::vector<T*> items_;
  Order order_;
};

} // namespace fabric::lane
