#pragma once
// waiter: a wait that somebody ends by handing something over (a permit, an item, a lock). Lives on the waiting stack.
//
// The waiting side:   waiter w;                       the wait is open
//                     list it where a claimer finds it, under the lock that guards what is handed over; or w.withdraw()
//                     w.wait(what, until)                   over: it was handed over; else unlist it, then checkpoint() or give up
// The handing side:   under the lock, unlink it, w.who->claim(w.when); true: write what is handed over (into the class derived
//                     from waiter); after the lock: publish(*who). False: it has given up, take the next one.
// A waiter that leaves passes on what it stood in the way of: the caller's business.
#include <cstdint>

#include <weft/detail/awaited.hpp>
#include <weft/detail/parking.hpp>
#include <weft/detail/wait_list.hpp>

namespace weft::detail {

enum class wait_end : std::uint8_t { over, interrupted, late };

class waiter : public wait_node {
 public:
  waiter() noexcept {
    who = &this_parker();
    when = who->open();
  }
  // One of several nodes of one wait, which another waiter opens: whoever lists this one sets `who` and `when`.
  struct one_of_several {};
  explicit waiter(one_of_several) noexcept {}
  waiter(waiter const&) = delete;
  waiter& operator=(waiter const&) = delete;

  // S  over: handed over, and a request for cancellation stays pending. Otherwise nobody will claim it any more, but it is
  // still listed. Throws nothing.
  [[nodiscard]] wait_end wait(awaited what, std::int64_t until) noexcept;

  // Instead of wait(): it has never been listed.
  void withdraw() noexcept { (void)who->close(); }
};

struct future_core;
// Throws cancelled if a request of the running task can be delivered; nothing on plain threads. Returns that task, or null.
future_core* checkpoint();

}  // namespace weft::detail
