// Telling and hearing of futures that end: see the invariants in the header.
#include <weft/detail/completions.hpp>

#include <algorithm>
#include <vector>

#include "runtime/runtime_core.hpp"
#include <weft/errors.hpp>

namespace weft::detail {

void completions::watch(completion& n) noexcept {
  n.list_ = this;
  n.tell = [](done_node& d, future_core& c, shield_link*&) noexcept {
    auto& told = static_cast<completion&>(d);
    told.list_->stack(told, c.state());
  };
  n.open_ = true;
  ++watched_;
  if (!n.core->waiters.push(n)) stack(n, n.core->state());
}

bool completions::unwatch(completion& n) noexcept {
  if (!n.open_ || !n.core->waiters.remove(n)) return false;
  n.open_ = false;
  --watched_;
  return true;
}

void completions::stack(completion& n, job_state ended) noexcept {
  completion* below = newest_.load(std::memory_order_acquire);
  do {
    n.below_ = below;
    n.rank_ = below != nullptr ? below->rank_ + 1 : 1;
  } while (!newest_.compare_exchange_weak(below, &n, std::memory_order_seq_cst, std::memory_order_acquire));
  auto const asked = asked_.load(std::memory_order_seq_cst);
  unsigned const way = ended == job_state::finished ? finished : ended == job_state::failed ? failed : ended_cancelled;
  bool const wanted = ((asked >> 32) & way) != 0 || n.rank_ == static_cast<std::uint32_t>(asked);
  parker* const who = wanted ? who_.load(std::memory_order_relaxed) : nullptr;
  let_go_.fetch_add(1, std::memory_order_release);
  if (who != nullptr) kick(*who);
}

void completions::ask(unsigned ways, std::uint32_t count) noexcept {
  who_.store(&this_parker(), std::memory_order_relaxed);
  asked_.store(std::uint64_t{ways} << 32 | count, std::memory_order_seq_cst);
}

completion* completions::next() noexcept {
  if (upcoming_ == nullptr) {
    completion* const top = newest_.load(std::memory_order_seq_cst);
    for (completion* n = top; n != seen_; n = n->below_) {
      n->above_ = upcoming_;
      upcoming_ = n;
    }
    seen_ = top;
  }
  completion* const n = upcoming_;
  if (n != nullptr) {
    upcoming_ = n->above_;
    n->open_ = false;
  }
  return n;
}

void completions::leave() noexcept {
  for (completion* n = last_; n != nullptr; n = n->added_before) (void)unwatch(*n);
  for (backoff b; let_go_.load(std::memory_order_acquire) != watched_;) b.pause();
}

void prepare(std::span<completion> nodes) {
  future_core* const self = current_core();
  for (completion const& n : nodes) {
    if (n.core != nullptr && n.core == self) throw deadlock_error("weft: task '" + name_of(*self) + "' waits for itself");
  }
  if (nodes.size() <= 16) {
    for (std::size_t i = 1; i < nodes.size(); ++i) {
      for (std::size_t k = 0; k != i && nodes[i].core != nullptr; ++k) {
        if (nodes[k].core == nodes[i].core) nodes[i].core = nullptr;
      }
    }
    return;
  }
  std::vector<completion*> sorted;
  sorted.reserve(nodes.size());
  for (completion& n : nodes) sorted.push_back(&n);
  std::sort(sorted.begin(), sorted.end(), [](completion const* a, completion const* b) {
    return std::less<>{}(a->core, b->core) || (a->core == b->core && std::less<>{}(a, b));
  });
  future_core const* before = nullptr;
  for (completion* n : sorted) {
    if (n->core == before) {
      n->core = nullptr;
    } else {
      before = n->core;
    }
  }
}

}  // namespace weft::detail
