#pragma once
// sorted_order: slots in the order of a comparison, equal ones in the order in which they came. A splay tree.
//
// Why this one: the comparison is user code, and runs under the queue's lock. Here it is only asked on the way down to the place
// of a new slot, which changes nothing; so an exception leaves everything as it was. What follows (link, splay, take the first)
// compares nothing and cannot fail. (A heap compares when an item is taken, too, and keeps no order among equals.)
//
// Invariants
//   T1  In order of the tree, no slot is less than one before it; equal ones are in order of push.
//   T2  first_ is the leftmost slot; it has no left child.
#include <utility>

#include <weft/detail/slot_pool.hpp>

namespace weft::detail {

class sorted_order {
 public:
  struct slot : queue_slot {
    slot* up = nullptr;
    slot* left = nullptr;
    slot* right = nullptr;
  };
  static constexpr bool compares = true;

  template <class Less>
  void push(queue_slot& s, Less&& less) {
    auto& n = static_cast<slot&>(s);
    slot* up = nullptr;
    bool on_the_left = false, leftmost = true;
    for (slot* at = root_; at != nullptr;) {
      up = at;
      on_the_left = less(n, *at);
      leftmost = leftmost && on_the_left;
      at = on_the_left ? at->left : at->right;
    }
    link(n, up, on_the_left, leftmost);
  }
  // Only if there is one.
  queue_slot& pop() noexcept;
  [[nodiscard]] bool empty() const noexcept { return root_ == nullptr; }
  [[nodiscard]] sorted_order take_all() noexcept { return {std::exchange(root_, nullptr), std::exchange(first_, nullptr)}; }

  sorted_order() = default;

 private:
  sorted_order(slot* root, slot* first) noexcept : root_(root), first_(first) {}
  void link(slot& n, slot* up, bool on_the_left, bool leftmost) noexcept;
  void rotate_up(slot& n) noexcept;

  slot* root_ = nullptr;
  slot* first_ = nullptr;
};

}  // namespace weft::detail
