// select.
//
// All cases of one select are nodes of one wait: each has its parker and epoch. So the first claim, through whichever object,
// ends the wait; every other claimer finds another phase or epoch and goes on to the next waiter. No case can be claimed twice,
// and no two cases of one select.
//
//   1  lock all objects, in the order of their addresses        (one lock each, whatever the number of its cases)
//   2  take the first ready case, in random order: done; or the deadline that has passed, or `otherwise`
//   3  else open the wait and list a node per case; unlock all; wait
//   4  over: the claimed node says which case it was (W4). Kicked: a future is done; late; a request: close() the wait
//   5  leave the other objects one by one, each passing on what the node stood in the way of; then the case is run
//
// Invariants
//   C1  Linearizable. In 2 all objects are seen at one moment; in 3 nothing can become ready between the look and the listing.
//       From then on the claim, or close(), is the moment of the choice.
//   C2  A select takes (2) only while its own wait is not open, and so is a partner's: of two that meet in a rendezvous, the
//       second claims the first, which is past 3; nobody claims while he is listed with an open wait himself. So two never claim
//       each other, and a claimer waits for nobody before he publishes. A select never meets itself: in 2 it is listed nowhere.
//   C3  Locks: several at a time are held here only, always in ascending order; nobody who holds one of them waits for
//       anything else. Under them only pointers are swapped and counts changed: moves, f, wake-ups come after.
//   C4  A node that is still listed though its wait is over is passed by in every list (the claim fails), and its claimer unlinks
//       it. An event's set() empties the list and may be its last life: it is not touched again by those it has claimed.
//   C5  Futures only kick. What they lead to is decided by close(): if that fails, somebody has claimed, and his case it is.
// Orders: as of the locks, of claim and publish (parker.hpp), and of a future's list (closed(), acquire).
#include <weft/select.hpp>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

#include "runtime/waiting.hpp"
#include "scheduler/worker.hpp"
#include "scheduler/xorshift.hpp"
#include <weft/errors.hpp>

namespace weft::detail {
namespace {

// The choice of a running simulation, else one of this thread. (Not inlined: the task may have come from another thread.)
[[gnu::noinline]] std::size_t random_below(std::size_t n) noexcept {
  worker* const w = worker::current();
  if (w != nullptr && w->simulated) return w->home.options.world->choose(n);
  thread_local std::uint64_t state = reinterpret_cast<std::uintptr_t>(&state) | 1;
  return static_cast<std::size_t>((xorshift(state) >> 11) % n);
}

}  // namespace

class selection {
 public:
  selection(std::span<select_case*> all, std::span<select_case*> scratch) noexcept : all_(all) {
    auto* end = scratch.data();
    for (select_case* c : all) {
      if (c->word_ != nullptr) *end++ = c;
    }
    locked_ = scratch.first(static_cast<std::size_t>(end - scratch.data()));
    std::ranges::sort(locked_, std::less<>(), &select_case::word_);
  }

  select_case& choose() {
    (void)this_parker();  // a thread's first one takes memory: not under the locks
    select_case& chosen = choose_one();
    for (select_case* c : all_) {
      if (c != &chosen) c->forgo();  // before f: it may destroy what was not chosen
    }
    return chosen;
  }

 private:
  select_case& choose_one() {
    for (;;) {
      checkpoint();
      shuffle();
      select_case* const late = overdue();
      lock();
      select_case* c = ready();
      if (c == nullptr) c = late;
      if (c != nullptr) {
        unlock();
        return *c;
      }
      waiter me;
      for (select_case* l : locked_) {
        l->node_->who = me.who;
        l->node_->when = me.when;
        l->list();
      }
      unlock();
      c = wait(me);
      if (c != nullptr && !c->again()) return *c;
    }
  }

  void shuffle() noexcept {
    for (auto n = all_.size(); n > 1; --n) std::swap(all_[n - 1], all_[random_below(n)]);
  }
  void lock() noexcept {
    select_case* before = nullptr;
    for (select_case* c : locked_) {
      if (before != nullptr && before->word_ == c->word_) {
        c->rest_ = before->rest_;
      } else {
        c->own_rest_ = lock_word(*c->word_);
        c->rest_ = &c->own_rest_;
      }
      before = c;
    }
  }
  void unlock() noexcept {
    for (select_case* c : locked_) {
      if (c->rest_ == &c->own_rest_) c->word_->store(c->own_rest_, std::memory_order_release);
    }
  }

  [[nodiscard]] select_case* ready() noexcept {
    for (select_case* c : all_) {
      if (c->take()) return c;
    }
    return nullptr;
  }
  [[nodiscard]] select_case* done() noexcept {
    for (select_case* c : all_) {
      if (c->word_ == nullptr && c->take()) return c;
    }
    return nullptr;
  }
  // The one with the earliest deadline; `otherwise`, if there is no other.
  [[nodiscard]] select_case* earliest() noexcept {
    select_case* first = nullptr;
    for (select_case* c : all_) {
      if (c->due_ == no_limit) continue;
      if (first == nullptr || first->due_ == select_case::always || (c->due_ != select_case::always && c->due_ < first->due_)) first = c;
    }
    return first;
  }
  // The one whose time has come.
  [[nodiscard]] select_case* overdue() noexcept {
    select_case* const first = earliest();
    if (first == nullptr || first->due_ == select_case::always || now_ns() >= first->due_) return first;
    auto const always = std::ranges::find(all_, select_case::always, &select_case::due_);
    return always != all_.end() ? *always : nullptr;
  }

  // S  Null: interrupted.
  [[nodiscard]] select_case* wait(waiter& me) noexcept {
    for (select_case* c : all_) {
      if (c->word_ == nullptr) {
        if (c->node_ != nullptr) c->node_->who = me.who;
        c->list();
      }
    }
    parker& mine = *me.who;
    select_case* const timer = earliest();
    auto const end = wait_until(mine, current_core(), {awaited::select, this}, timer != nullptr ? timer->due_ : no_limit, true,
                                [&] { return mine.published() || done() != nullptr; });
    select_case* chosen = nullptr;
    if (!mine.published() && mine.close()) {
      chosen = done();
      if (chosen == nullptr && end == wait_end::late) chosen = timer;
    } else {
      while (!mine.published()) park(mine);  // claimed: what is handed over is being written
      mine.finish();
      chosen = *std::ranges::find_if(locked_, [](select_case* c) { return handed::claimed(*c->node_); });
    }
    for (select_case* c : all_) {
      bool const gone = chosen != nullptr && c->word_ != nullptr && c->word_ == chosen->word_ && chosen->claimed_with_all_;
      if (c != chosen || c->word_ == nullptr) {
        if (!gone) c->leave();
      }
    }
    return chosen;
  }

  std::span<select_case*> const all_;
  std::span<select_case*> locked_;
};

select_case& choose(std::span<select_case*> all, std::span<select_case*> scratch) { return selection(all, scratch).choose(); }

void throw_queue_closed() { throw closed_error("weft: the queue is closed"); }
void throw_empty_select() { throw std::invalid_argument("weft: a select of nothing would never end"); }

}  // namespace weft::detail
