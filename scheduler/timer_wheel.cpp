// Timer wheel: filing, cascading and draining. The protocol with the owners is argued in timer_wheel.hpp.
#include "scheduler/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <mutex>

namespace weft::detail {

namespace {

constexpr unsigned tick_bits = 16;
constexpr unsigned digit_bits = 6;
constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;
constexpr std::int64_t tick_mask = (std::int64_t{1} << tick_bits) - 1;
constexpr std::size_t lock_budget = 64;  // entries looked at before the lock is given up for a moment

// Ticks count from the earliest time there is, so that they are ordered as unsigned numbers of 48 bits.
constexpr std::uint64_t tick_of(std::int64_t t) noexcept {
  return (static_cast<std::uint64_t>(t) ^ sign_bit) >> tick_bits;
}
constexpr std::int64_t start_of(std::uint64_t tick) noexcept {
  return static_cast<std::int64_t>((tick << tick_bits) ^ sign_bit);
}

std::int64_t key(timer_entry const& e) noexcept { return e.linked_at.load(std::memory_order_relaxed); }

bool before(timer_entry const& a, timer_entry const& b) noexcept {
  if (key(a) != key(b)) return key(a) < key(b);
  return static_cast<std::int32_t>(a.order - b.order) < 0;
}

timer_entry* merge(timer_entry* a, timer_entry* b) noexcept {
  timer_entry* head = nullptr;
  timer_entry** end = &head;
  while (a != nullptr && b != nullptr) {
    timer_entry*& first = before(*b, *a) ? b : a;
    *end = first;
    end = &first->next;
    first = first->next;
  }
  *end = a != nullptr ? a : b;
  return head;
}

// Merges natural runs: entries mostly come in order, and then this is one pass.
timer_entry* sort(timer_entry* rest) noexcept {
  std::array<timer_entry*, 48> merged{};  // [i]: 2^i runs
  while (rest != nullptr) {
    timer_entry* run = rest;
    timer_entry* last = run;
    while (last->next != nullptr && !before(*last->next, *last)) last = last->next;
    rest = last->next;
    last->next = nullptr;
    std::size_t i = 0;
    for (; merged[i] != nullptr; ++i) {
      run = merge(merged[i], run);
      merged[i] = nullptr;
    }
    merged[i] = run;
  }
  timer_entry* all = nullptr;
  for (timer_entry* part : merged) all = merge(part, all);
  return all;
}

}  // namespace

// Rounding up stops short of the last tick of all, which has no successor.
timer_wheel::timer_wheel(std::int64_t now, timer_rounding rounding) noexcept
    : rounded_to_(rounding == timer_rounding::up ? no_deadline & ~tick_mask
                                                 : std::numeric_limits<std::int64_t>::min()),
      cur_(tick_of(now)),
      floor_(cur_) {}

timer_wheel::~timer_wheel() {
  for (slot& s : lists_) {
    while (s.head != nullptr) {
      timer_entry& e = *s.head;
      unlink(e);
      let_go(e);
    }
  }
}

void timer_wheel::arm(timer_entry& e, std::int64_t when) noexcept {
  e.deadline.store(when, std::memory_order_seq_cst);  // pairs with examine()
  if (e.linked_at.load(std::memory_order_seq_cst) <= when) return;
  timer_wheel* const home = e.home.load(std::memory_order_acquire);  // pairs with let_go()
  if (home != nullptr && home != this && !home->evict(e, when)) return;

  std::lock_guard const guard{lock_};
  if (e.home.load(std::memory_order_relaxed) == this) {  // not changed by others while we hold its lock
    if (key(e) <= when) return;
    unlink(e);
  }
  e.home.store(this, std::memory_order_relaxed);
  e.order = order_++;
  file(e, when, floor_);
  next_.store(std::min(next_.load(std::memory_order_relaxed), lists_[e.position].earliest),
              std::memory_order_release);
}

void timer_wheel::remove(timer_entry& e) noexcept {
  disarm(e);
  timer_wheel* const home = e.home.load(std::memory_order_acquire);
  if (home != nullptr) (void)home->evict(e, std::numeric_limits<std::int64_t>::min());
}

// False: it is linked here at or before `unless_by` after all, and stays. True: it is in no list.
bool timer_wheel::evict(timer_entry& e, std::int64_t unless_by) noexcept {
  std::lock_guard const guard{lock_};
  if (e.home.load(std::memory_order_relaxed) != this) return true;
  if (unless_by != std::numeric_limits<std::int64_t>::min() && key(e) <= unless_by) return false;
  unlink(e);
  let_go(e);
  next_.store(earliest(), std::memory_order_release);
  return true;
}

// One stretch under the lock: fills the batch, or gets a part of the cascading done.
std::size_t timer_wheel::collect(progress& p, batch& found) noexcept {
  std::lock_guard const guard{lock_};
  if (tick_of(p.now) < cur_) {  // another runner's reading of the clock was newer
    p.done = true;
    return 0;
  }
  floor_ = std::max(floor_, tick_of(p.now));
  std::size_t n = 0;
  for (std::size_t looked = 0; looked < lock_budget && n < batch_size; ++looked) {
    if (timer_entry* const e = lists_[due_position].head) {
      unlink(*e);
      std::int64_t const when = examine(*e);
      if (when > p.now && when != no_deadline) {
        file(*e, when, cur_);
        continue;
      }
      let_go(*e);
      if (when != no_deadline) found[n++] = e;
    } else if (cascading_ != 0) {
      auto const digit = (cur_ >> (cascading_ * digit_bits)) % slots;
      timer_entry* const far = lists_[cascading_ * slots + digit].head;
      if (far == nullptr) {
        cascading_ = 0;
        continue;
      }
      unlink(*far);
      std::int64_t const when = examine(*far);
      if (when == no_deadline) {
        let_go(*far);
      } else {
        file(*far, when, cur_);
      }
    } else if (!advance(p)) {
      p.done = true;
      break;
    }
  }
  next_.store(earliest(), std::memory_order_release);
  return n;
}

// Goes on to the first occupied slot. False: that is in the future, or has had its turn in this run.
bool timer_wheel::advance(progress& p) noexcept {
  std::uint64_t reached = tick_of(p.now);
  for (unsigned level = 0; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    auto const index = static_cast<unsigned>(std::countr_zero(occupied_[level]));
    unsigned const shift = level * digit_bits;
    std::uint64_t const start = (((cur_ >> shift) & ~std::uint64_t{slots - 1}) | index) << shift;
    if (start > reached) break;
    if (level != 0) {
      cur_ = start;
      cascading_ = level;
      return true;
    }
    slot& first = lists_[index];
    if (first.earliest <= p.now && static_cast<std::int64_t>(start) > p.drained) {
      cur_ = start;
      p.drained = static_cast<std::int64_t>(start);
      drain(first, p);
      return true;
    }
    reached = start;
    break;
  }
  cur_ = reached;  // not behind any occupied slot: all of them keep their levels
  return false;
}

// Moves what is due of the tick at cur_ to due_, sorted. What has moved to a later tick is filed there first,
// so that a run keeps to the order of deadlines.
void timer_wheel::drain(slot& from, progress const& p) noexcept {
  timer_entry* due = nullptr;
  timer_entry** end = &due;
  timer_entry* rest = from.head;
  rest->prev->next = nullptr;
  from = slot{};
  occupied_[0] &= ~(std::uint64_t{1} << (cur_ % slots));
  while (rest != nullptr) {
    timer_entry& e = *rest;
    rest = e.next;
    std::int64_t const when = examine(e);
    if (when == no_deadline) {
      let_go(e);
    } else if (when > p.now || tick_of(wake_time(when)) > cur_) {
      file(e, when, cur_);
    } else {
      e.linked_at.store(when, std::memory_order_relaxed);
      *end = &e;
      end = &e.next;
    }
  }
  *end = nullptr;
  for (timer_entry* e = sort(due); e != nullptr;) {
    timer_entry& first = *e;
    e = e->next;
    append(due_position, first);
  }
}

// For an entry taken out of its list whose home is still this wheel: what does its owner want now?
std::int64_t timer_wheel::examine(timer_entry& e) noexcept {
  e.linked_at.store(no_deadline, std::memory_order_seq_cst);  // pairs with arm()
  return e.deadline.load(std::memory_order_seq_cst);
}

// Links the entry for `when`, at `lowest` or later. linked_at is lowered here: relaxed will do, since an
// owner that reads the older value takes the lock, and one that reads this relies on a later examine().
void timer_wheel::file(timer_entry& e, std::int64_t when, std::uint64_t lowest) noexcept {
  std::int64_t const wake = std::max(wake_time(when), start_of(lowest));
  std::uint64_t const tick = tick_of(wake);
  std::uint64_t const differs = tick ^ cur_;
  unsigned const level = differs == 0 ? 0 : (static_cast<unsigned>(std::bit_width(differs)) - 1) / digit_bits;
  unsigned const index = (tick >> (level * digit_bits)) % slots;
  e.linked_at.store(when, std::memory_order_relaxed);
  append(static_cast<std::uint16_t>(level * slots + index), e);
  occupied_[level] |= std::uint64_t{1} << index;
  slot& s = lists_[e.position];
  s.earliest = std::min(s.earliest, wake);
}

void timer_wheel::append(std::uint16_t position, timer_entry& e) noexcept {
  slot& s = lists_[position];
  e.position = position;
  if (s.head == nullptr) {
    s.head = e.next = e.prev = &e;
    return;
  }
  e.next = s.head;
  e.prev = s.head->prev;
  e.prev->next = &e;
  s.head->prev = &e;
}

void timer_wheel::unlink(timer_entry& e) noexcept {
  slot& s = lists_[e.position];
  if (e.next == &e) {
    s = slot{};
    if (e.position != due_position)
      occupied_[e.position / slots] &= ~(std::uint64_t{1} << (e.position % slots));
    return;
  }
  e.next->prev = e.prev;
  e.prev->next = e.next;
  if (s.head == &e) s.head = e.next;
}

// The links are the owner's again: release pairs with arm's acquire.
void timer_wheel::let_go(timer_entry& e) noexcept {
  e.linked_at.store(no_deadline, std::memory_order_relaxed);
  e.home.store(nullptr, std::memory_order_release);
}

std::int64_t timer_wheel::earliest() const noexcept {
  if (lists_[due_position].head != nullptr) return start_of(cur_);
  std::int64_t first = no_deadline;
  for (unsigned level = 0; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    auto const index = static_cast<unsigned>(std::countr_zero(occupied_[level]));
    first = std::min(first, lists_[level * slots + index].earliest);
  }
  return first;
}

std::int64_t timer_wheel::wake_time(std::int64_t when) const noexcept {
  return when > rounded_to_ ? when : (when + tick_mask) & ~tick_mask;
}

}  // namespace weft::detail
