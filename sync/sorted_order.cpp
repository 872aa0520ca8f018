// sorted_order: bottom-up splaying. What was put last is the root, so a run of rising or falling priorities costs one
// comparison or two each; the amortised bound is that of every splay tree (Sleator and Tarjan).
#include <weft/detail/sorted_order.hpp>

namespace weft::detail {

void sorted_order::link(slot& n, slot* up, bool on_the_left, bool leftmost) noexcept {
  n.up = up;
  n.left = n.right = nullptr;
  if (leftmost) first_ = &n;
  if (up == nullptr) {
    root_ = &n;
    return;
  }
  (on_the_left ? up->left : up->right) = &n;
  while (slot* const p = n.up) {
    if (slot* const g = p->up) {
      bool const straight = (g->left == p) == (p->left == &n);
      rotate_up(straight ? *p : n);
    }
    rotate_up(n);
  }
  root_ = &n;
}

void sorted_order::rotate_up(slot& n) noexcept {
  slot* const p = n.up;
  slot* const g = p->up;
  if (p->left == &n) {
    p->left = n.right;
    if (n.right != nullptr) n.right->up = p;
    n.right = p;
  } else {
    p->right = n.left;
    if (n.left != nullptr) n.left->up = p;
    n.left = p;
  }
  p->up = &n;
  n.up = g;
  if (g != nullptr) (g->left == p ? g->left : g->right) = &n;
}

queue_slot& sorted_order::pop() noexcept {
  slot& s = *first_;
  slot* const rest = s.right;
  if (rest != nullptr) rest->up = s.up;
  (s.up != nullptr ? s.up->left : root_) = rest;
  first_ = s.up;
  if (rest != nullptr) {
    for (first_ = rest; first_->left != nullptr;) first_ = first_->left;
  }
  return s;
}

}  // namespace weft::detail
