#pragma once
// parker: the one word on which a fiber (or an OS thread) waits.
//
//   63 ............... 4 |   3  | 2 1   |   0
//        epoch           | kick | phase | parked
//
//   phase   none       no wait that could be ended by a hand-over
//           open       the wait named by `epoch` may be claimed
//           claimed    somebody won it and is writing what he hands over
//           published  he has written it
//   kick    something has happened that the owner should look at; it hands over nothing and has no epoch
//   parked  the owner's context is saved and nobody runs it
//
//            open()            claim(e)               publish()
//   none ------------> open ------------> claimed -----------------> published
//     ^                 |                                                |
//     |      close(e)   |                  finish()                      |
//     +-----------------+------------------------------------------------+
//
// Invariants
//   P1  The RMW that clears `parked` takes the owner over: exactly one does. kick and publish schedule it; halt puts it back by
//       commit_park, or schedules it if that finds something to look at, which was not scheduled meanwhile.
//   P2  `parked` is set only after the owner's context has been saved, by the context that runs next (commit_park),
//       and never while there is something to look at: `published`, or `kick` outside of `claimed`.
//   P3  An epoch is opened once. A claimer who comes late meets another epoch, or another phase, and changes nothing.
//   P4  From claimed on, the owner stays until published: the waiter's node and what it points to are pinned.
// Orders: every change is an RMW, so the word has one modification order and every release is continued by it.
//   release  of kick and publish pairs with the acquire in clear_kick and finish: the owner sees what they wrote before.
//   release  of commit_park pairs with the acquire of the kick, publish or halt that clears `parked`: the saved context; and
//            that of a halt's commit_park with the next one's: it has looked no longer than that.
// Control blocks are type-stable (never unmapped): a late kick hits a living word, and costs its owner one look.
#include <cstdint>

#include <weft/detail/atomic.hpp>

namespace weft::detail {

class parker {
 public:
  using epoch = std::uint64_t;
  enum class kind : std::uint8_t { fiber, thread };

  explicit parker(kind k) noexcept : kind_(k) {}
  parker(parker const&) = delete;
  parker& operator=(parker const&) = delete;

  [[nodiscard]] kind what() const noexcept { return kind_; }

  // Owner: begins a wait that a claimer may end.
  [[nodiscard]] epoch open() noexcept {
    return (word_.fetch_add(epoch_unit + phase_open, std::memory_order_acq_rel) >> epoch_shift) + 1;
  }

  // Owner: ends the wait itself. False: a claimer was faster, and the owner waits until published().
  [[nodiscard]] bool close() noexcept {
    auto w = word_.load(std::memory_order_relaxed);
    do {
      if ((w & phase_mask) != phase_open) return false;
    } while (!word_.compare_exchange_weak(w, w & ~phase_mask, std::memory_order_acq_rel, std::memory_order_relaxed));
    return true;
  }

  [[nodiscard]] bool published() const noexcept {
    return (word_.load(std::memory_order_acquire) & phase_mask) == phase_published;
  }

  // Owner: takes what was published.
  void finish() noexcept { word_.fetch_and(~phase_mask, std::memory_order_acq_rel); }

  // Owner: clears the bit, *then* looks. Also the full fence between "I run on this fiber" and "is there a request?":
  // a canceller writes the request by RMW, then reads the fiber (see task_core::request_cancel).
  bool clear_kick() noexcept { return (word_.fetch_and(~kick_bit, std::memory_order_seq_cst) & kick_bit) != 0; }

  // Owner: something was seen that could not be acted upon yet; the next wait shall look again.
  void set_kick() noexcept { word_.fetch_or(kick_bit, std::memory_order_relaxed); }

  [[nodiscard]] bool kicked() const noexcept { return (word_.load(std::memory_order_relaxed) & kick_bit) != 0; }
  [[nodiscard]] bool parked() const noexcept { return (word_.load(std::memory_order_acquire) & parked_bit) != 0; }

  // The context that runs after the owner's: true: parked; false: the owner has to be made ready again.
  [[nodiscard]] bool commit_park() noexcept {
    auto w = word_.load(std::memory_order_relaxed);
    do {
      auto const phase = w & phase_mask;
      if (phase == phase_published || ((w & kick_bit) != 0 && phase != phase_claimed)) return false;
    } while (!word_.compare_exchange_weak(w, w | parked_bit, std::memory_order_acq_rel, std::memory_order_relaxed));
    return true;
  }

  // Anyone, to look at a parked owner: until commit_park() the caller has it as if it ran. commit_park() false: the caller has to
  // schedule it. False: it was not parked.
  [[nodiscard]] bool halt() noexcept {
    auto w = word_.load(std::memory_order_relaxed);
    do {
      if ((w & parked_bit) == 0) return false;
    } while (!word_.compare_exchange_weak(w, w & ~parked_bit, std::memory_order_acq_rel, std::memory_order_relaxed));
    return true;
  }

  // Anyone. True: the caller has to schedule the owner. Never skipped because the bit is set already: the owner may
  // just be clearing it, and the release is what carries the kicker's news.
  [[nodiscard]] bool kick() noexcept {
    auto w = word_.load(std::memory_order_relaxed);
    for (;;) {
      bool const wakes = (w & parked_bit) != 0 && (w & phase_mask) != phase_claimed;
      auto const n = (w | kick_bit) & ~(wakes ? parked_bit : 0);
      if (word_.compare_exchange_weak(w, n, std::memory_order_seq_cst, std::memory_order_relaxed)) return wakes;
    }
  }

  // Anyone who holds a waiter's node under its list's lock. True: the wait is the caller's to publish.
  [[nodiscard]] bool claim(epoch e) noexcept {
    auto w = word_.load(std::memory_order_relaxed);
    do {
      if (w >> epoch_shift != e || (w & phase_mask) != phase_open) return false;
    } while (!word_.compare_exchange_weak(w, (w & ~phase_mask) | phase_claimed, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    return true;
  }

  // The claimer, once. True: the caller has to schedule the owner. Last touch of the waiter's node was before.
  [[nodiscard]] bool publish() noexcept {
    auto w = word_.load(std::memory_order_relaxed);
    while (!word_.compare_exchange_weak(w, (w | phase_published) & ~parked_bit, std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
    }
    return (w & parked_bit) != 0;
  }

  // OS threads sleep on this word by futex while `parked` is set in it.
  [[nodiscard]] atomic<std::uint64_t>& word() noexcept { return word_; }
  static constexpr std::uint64_t parked_bit = 1;

 private:
  friend struct debug_layout;
  static constexpr std::uint64_t phase_open = 1 << 1;
  static constexpr std::uint64_t phase_claimed = 2 << 1;
  static constexpr std::uint64_t phase_published = 3 << 1;
  static constexpr std::uint64_t phase_mask = 3 << 1;
  static constexpr std::uint64_t kick_bit = 1 << 3;
  static constexpr unsigned epoch_shift = 4;
  static constexpr std::uint64_t epoch_unit = 1 << epoch_shift;

  atomic<std::uint64_t> word_{0};
  kind kind_;
};

}  // namespace weft::detail
