// rendezvous_core. A wait takes the lock once: the look for a partner and the listing are one step.
#include <weft/detail/rendezvous_core.hpp>

namespace weft::detail {

rendezvous_core::party* rendezvous_core::claim_oldest(side& from, handed& claimed) noexcept {
  while (!from.empty()) {
    party& p = from.pop_front();
    if (claimed.claim(p)) return &p;
  }
  return nullptr;
}

rendezvous_core::met rendezvous_core::meet(side& mine, side& others, void* value, partner& other, bool waits,
                                           std::int64_t until) {
  bool had_its_turn = false;
  (void)this_parker();  // a thread's first one takes memory: not under the lock
  for (;;) {
    (void)lock_word(lock_);
    other.who = claim_oldest(others, other.claimed);
    if (other.who != nullptr || !waits || closed()) {
      bool const is_closed = closed();
      unlock();
      return other.who != nullptr ? met::partner : is_closed ? met::closed : met::nobody;
    }
    party me(value);
    had_its_turn ? mine.push_front(me) : mine.push_back(me);
    unlock();
    auto const end = me.wait({awaited::channel, this}, until);
    if (end == wait_end::over) {
      if (me.how != outcome::again) return me.how == outcome::served ? met::served : met::closed;
      had_its_turn = true;
      continue;
    }
    (void)lock_word(lock_);
    mine.remove(me);
    unlock();
    if (end == wait_end::late) return met::nobody;
    checkpoint();
  }
}

void rendezvous_core::close() noexcept {
  handed told;
  (void)lock_word(lock_);
  closed_.store(true, std::memory_order_release);
  for (side* all : {&senders_, &receivers_}) {
    while (party* const p = claim_oldest(*all, told)) p->how = outcome::closed;
  }
  unlock();
  told.publish(true);
}

}  // namespace weft::detail
