#pragma once
// rendezvous_core: where senders and receivers meet, without a buffer; the part that does not know what is handed over.
//
// Whoever comes second claims the oldest of the other side under the lock and has the lock free again; then the value is
// moved, by the second, from where the sender keeps it to where the receiver wants it; then the first is published.
//
// Invariants, whenever the lock is free
//   R1  Of those that can be claimed only one side waits: nobody lists itself while there is a partner for it. (Of one select
//       both sides may be listed: it does not meet itself.)
//   R2  After close() nobody waits, and nobody lists itself.
//   R3  A claimed party stays, and its value with it, until it is published (P4): the user's move runs without the lock,
//       though on another stack than the party's own. It is published whether the move throws or not.
//   R4  Whoever claims has no open wait of its own: so nobody waits for the publication of somebody who waits for his.
// Orders: unlock (release) pairs with lock (acquire); publish (release) with finish (acquire): the value, and `how`.
#include <cstdint>

#include <weft/detail/waiters.hpp>

namespace weft::detail {

class rendezvous_core {
 public:
  rendezvous_core() = default;
  rendezvous_core(rendezvous_core const&) = delete;
  rendezvous_core& operator=(rendezvous_core const&) = delete;

  // Those who wait, and all later ones, learn that it is closed. Idempotent.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

 protected:
  enum class met : std::uint8_t {
    partner,  // claimed: to be served, then published
    served,   // a partner came, and has done it
    nobody,   // not waiting, or late
    closed,
  };
  enum class outcome : std::uint8_t { served, closed, again };

  struct party : waiter {
    explicit party(void* v) noexcept : value(v) {}
    party(one_of_several tag, void* v) noexcept : waiter(tag), value(v) {}
    void* value;
    outcome how = outcome::served;  // written by its claimer
  };

  // The one that has been claimed: to be released when it has been served, or could not be.
  struct partner {
    handed claimed;
    party* who = nullptr;
  };
  struct release {
    partner& of;
    ~release() { of.claimed.publish(true); }
  };

  using side = waiters<party>;

  // Under the lock: takes the oldest of them. Null: nobody waits there.
  [[nodiscard]] static party* claim_oldest(side&, handed&) noexcept;
  // S if it waits: by `until`. For one of `mine` who wants to meet one of `others`.
  met meet(side& mine, side& others, void* value, partner&, bool waits, std::int64_t until);

  atomic<std::uint64_t> lock_{0};
  atomic<bool> closed_{false};  // written under the lock
  side senders_;
  side receivers_;

 private:
  template <class>
  friend class meeting_case;
  void unlock() noexcept { lock_.store(0, std::memory_order_release); }
};

}  // namespace weft::detail
