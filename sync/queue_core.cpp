// queue_core: everything a queue does that does not know its items, the fast paths apart.
#include <weft/detail/queue_core.hpp>

#include <algorithm>
#include <utility>

#include <weft/errors.hpp>

namespace weft::detail {

void queue_core::throw_closed() { throw closed_error("weft: the queue is closed"); }

// --- under the lock

void queue_core::grant_place(handed& e) noexcept {
  while (!putters_.empty()) {
    putter& p = putters_.pop_front();
    if (!e.claim(p)) continue;
    if (p.filled == nullptr) {
      ++filling_;
      return;
    }
    if (hand_to_getter(e, *p.filled)) continue;  // both sides waited, for puts under way: the place is free again
    p.enter(*this, *p.filled);
    is_ready();
    return;
  }
  set(room_, count(room_) + 1);
}

bool queue_core::hand_to_getter(handed& e, queue_slot& s) noexcept {
  while (!getters_.empty()) {
    getter& g = getters_.pop_front();
    if (!e.claim(g)) continue;
    g.slot = &s;
    ++unfinished_;
    return true;
  }
  return false;
}

// Getters that still wait have nothing to wait for any more.
void queue_core::tell_if_drained(handed& e) noexcept {
  if (filling_ != 0 && openness_now() != openness::dropped) return;
  while (!getters_.empty()) (void)e.claim(getters_.pop_front());
}

void queue_core::refuse_all(handed& e, openness how) noexcept {
  if (how > openness_now()) closed_.store(how, std::memory_order_release);
  while (!putters_.empty()) {
    putter& p = putters_.pop_front();
    if (e.claim(p)) p.refused = true;
  }
  tell_if_drained(e);
}

void queue_core::drop_ready(handed& e) noexcept {
  auto const n = count(ready_);
  set(ready_, 0);
  set(room_, count(room_) + n);
  done(e, n);
}

// As many as are counted: a consumer may have marked more than it had got.
void queue_core::done(handed& e, std::size_t items) noexcept {
  if (unfinished_ == 0) return;
  unfinished_ -= std::min(unfinished_, items);
  if (unfinished_ != 0) return;
  while (!joiners_.empty()) (void)e.claim(joiners_.pop_front());
}

// --- without it

void queue_core::close() noexcept {
  edit e(*this);
  refuse_all(e, openness::closed);
}

void queue_core::task_done() {
  edit e(*this);
  if (unfinished_ == 0) throw invalid_state_error("weft: task_done() more often than items were put");
  done(e, 1);
}

void queue_core::count_as_done() noexcept {
  edit e(*this);
  done(e, 1);
}

bool queue_core::wait_for_join(std::int64_t until) {
  for (;;) {
    checkpoint();
    waiter me;
    bool waits = false;
    {
      edit e(*this);
      waits = unfinished_ != 0;
      if (waits) joiners_.push_back(me);
    }
    if (!waits) {
      me.withdraw();
      return true;
    }
    auto const end = me.wait({awaited::queue, this}, until);
    if (end == wait_end::over) return true;
    edit e(*this);
    joiners_.remove(me);
    if (end == wait_end::late) return false;
  }
}

queue_core::place queue_core::take_place(queue_slot*& slot, bool waits, std::int64_t until) {
  auto p = place::full;
  {
    edit e(*this);
    p = try_place();
    if (p == place::granted) slot = slots_.take();
  }
  if (p == place::full && waits) p = wait_for_place(until);
  if (p == place::granted && slot == nullptr) slot = slot_or_abandon();
  return p;
}

queue_slot* queue_core::slot_or_abandon() {
  try {
    return new_slot();
  } catch (...) {
    abandon(nullptr);
    throw;
  }
}

// Under the lock.
queue_core::place queue_core::try_place() noexcept {
  if (openness_now() != openness::open) return place::closed;
  if (count(room_) == 0) return place::full;
  take_room();
  ++filling_;
  return place::granted;
}

// Under the lock.
void queue_core::enter_granted(handed& e, queue_slot& s, enter_order enter) noexcept {
  --filling_;
  if (hand_over(e, s)) return;
  enter(*this, s);
  is_ready();
}

queue_core::place queue_core::wait_for_place(std::int64_t until, queue_slot* filled, enter_order enter) {
  for (;;) {
    putter me;
    me.filled = filled;
    me.enter = enter;
    auto p = place::full;
    {
      edit e(*this);
      p = try_place();
      if (p == place::full) {
        putters_.push_back(me);
      } else if (p == place::granted && filled != nullptr) {
        enter_granted(e, *filled, enter);
      }
    }
    if (p != place::full) {
      me.withdraw();
      return p;
    }
    auto const end = me.wait({awaited::queue, this}, until);
    if (end == wait_end::over) return me.refused ? place::closed : place::granted;
    {
      edit e(*this);
      putters_.remove(me);
    }
    if (end == wait_end::late) return place::full;
    checkpoint();
  }
}

queue_slot* queue_core::new_slot() {
  for (;;) {
    std::size_t n = 0;
    {
      edit e(*this);
      if (queue_slot* const s = slots_.take()) return s;
      n = slots_.how_many();
    }
    slot_pool::chunk* const c = slots_.allocate(n);
    edit e(*this);
    slots_.add(c);
  }
}

void queue_core::abandon(queue_slot* s) noexcept {
  {
    edit e(*this);
    free_place(e);
    end_filling(e);
  }
  if (s != nullptr) free_slot(*s);
}

queue_core::arrival queue_core::wait_for_item(queue_slot*& slot, std::int64_t until) {
  getter me;
  bool ready = false, over = false;
  {
    edit e(*this);
    ready = count(ready_) != 0;
    over = drained();
    if (!ready && !over) getters_.push_back(me);
  }
  if (ready || over) {
    me.withdraw();
    return ready ? arrival::again : arrival::closed;
  }
  auto const end = me.wait({awaited::queue, this}, until);
  if (end == wait_end::over) {
    slot = me.slot;
    return slot != nullptr ? arrival::item : arrival::closed;
  }
  {
    edit e(*this);
    getters_.remove(me);
  }
  if (end == wait_end::late) return arrival::late;
  checkpoint();
  return arrival::again;
}

}  // namespace weft::detail
