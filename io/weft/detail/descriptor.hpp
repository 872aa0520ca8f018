#pragma once
// descriptor: the block behind every stream, listener and socket: a non-blocking file descriptor, who uses it, who waits for it.
//
//   word_   closing | shut | dropped | borrowed | reading | writing | users
//
// Invariants
//   N1  The file descriptor is closed by the last user once `closing` is set; nobody enters any more. So its number
//       cannot become another file's while a call on it is under way.
//   N2  The block goes back to its pool when it is both shut (closed) and dropped (its owner is gone). Pools never unmap: a late
//       event finds a block, whose generation has changed, or at worst its next life, which looks once too often.
//   N3  No edge is lost: who waits reads the count of edges, tries, is listed, then reads the count again; an event counts an edge,
//       then wakes all who are listed. The two fences order the four accesses.
//   N4  Nothing of a stream's object is touched after a wait: only its block, by a user of it.
//   N5  A read that got less than it asked for need not be tried again before the next edge (epoll(7)). But an end, an error or urgent
//       data may have come with an edge that was counted before that read: after such an event it is always tried.
//   N6  No limit is missed: it is set, then who is listed is woken to look again; who waits is listed, then reads it. The same fences.
//   N7  That the other side has gone is a hint: an event, which may be late, sets it, then kicks who watches; who watches says so, then
//       looks (seq_cst), and asks the kernel.
// Orders: leave() and close() (acq_rel) pair with each other: the last user sees all that others did.
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <weft/detail/waiter.hpp>

namespace weft::detail {

class reactor;

enum class direction : std::uint8_t { reading, writing };

// How an attempt has ended.
struct io_end {
  enum kind : std::uint8_t { done, failed, late, closed, busy };
  kind what = done;
  int error = 0;      // errno of what failed
  std::size_t n = 0;  // of what is done
};

class alignas(64) descriptor {
 public:
  // Takes the file descriptor over and makes it non-blocking, even if it throws: std::bad_alloc, std::system_error.
  enum class state : bool { any, non_blocking };
  [[nodiscard]] static descriptor& adopt(int fd, state);
  // For one wait on somebody else's: it will not be closed. std::bad_alloc.
  [[nodiscard]] static descriptor& borrow(int fd, reactor const& in);
  // The owner goes: closes it, and forgets the block.
  void drop() noexcept;

  // Wakes all who wait for it; it is closed when the last of them has left. Idempotent, any thread.
  void close() noexcept;
  [[nodiscard]] bool closing() const noexcept { return (word_.load(std::memory_order_acquire) & is_closing) != 0; }
  [[nodiscard]] int fd() const noexcept { return fd_; }

  // Who uses the file descriptor enters before and leaves afterwards. `alone`: nobody else in that direction.
  enum class sharing : bool { alone, shared };
  [[nodiscard]] io_end::kind enter(direction, sharing) noexcept;  // done, busy or closed
  void leave(direction, sharing) noexcept;

  [[nodiscard]] std::uint32_t edges(direction d) const noexcept { return of(d).edges.load(std::memory_order_acquire); }
  // S  Until there is an edge beyond `seen`, or until the time, or the direction's limit, has come (late). By a user. Throws cancelled; and
  // what reactor::here() throws.
  [[nodiscard]] io_end wait(direction, std::uint32_t seen, std::int64_t until);
  // S  Until there is one in either direction. In a task, once it has been entered into its reactor.
  [[nodiscard]] io_end wait_either(std::uint32_t seen_reading, std::uint32_t seen_writing, std::int64_t until);

  // The other side of a stream has closed it, or its half of it. By a user, in a task; one at a time is kicked when it may be so (null:
  // no longer). Without memory for the reactor he is not.
  void watch_peer(parker*);
  [[nodiscard]] bool peer_has_gone() noexcept;

  // By who reads alone, N5: the call after edge `seen` has emptied it. True once: nothing has come since.
  void drained(std::uint32_t seen) noexcept {
    if (!extraordinary_.load(std::memory_order_relaxed)) drained_ = seen;
  }
  [[nodiscard]] bool still_drained(std::uint32_t seen) noexcept { return std::exchange(drained_, -1) == seen; }

  // An event; by a reactor. Extraordinary: of more than bytes, and told before the direction (seq_cst there, acquire in edges()).
  void happened(direction) noexcept;
  void happened_extraordinarily() noexcept { extraordinary_.store(true, std::memory_order_relaxed); }
  void peer_went() noexcept;
  [[nodiscard]] std::uint64_t tag() const noexcept;
  [[nodiscard]] static descriptor* find(std::uint64_t tag) noexcept;  // null: it has been closed since

  // Of all that follows, and of the tasks (not the plain threads) that wait; ns, no_limit: none. Any thread.
  void set_limit(direction, std::int64_t) noexcept;
  [[nodiscard]] std::int64_t limit_of(direction d) const noexcept { return of(d).limit.load(std::memory_order_relaxed); }

 private:
  friend class descriptor_pool;
  struct side {
    std::atomic<std::uint32_t> edges{0};
    wait_list waiters;
    std::atomic<std::int64_t> limit{no_limit};
  };
  descriptor() noexcept = default;
  descriptor& begin(int fd, std::uint64_t home, std::uint32_t word) noexcept;
  [[nodiscard]] side& of(direction d) noexcept { return sides_[static_cast<std::size_t>(d)]; }
  [[nodiscard]] side const& of(direction d) const noexcept { return sides_[static_cast<std::size_t>(d)]; }
  [[nodiscard]] int enter_into(reactor&) noexcept;
  [[nodiscard]] io_end wait_on_thread(direction, std::int64_t until);
  void leave(std::uint32_t what) noexcept;
  void shut() noexcept;

  static constexpr std::uint32_t is_closing = 1, is_shut = 2, is_dropped = 4, is_borrowed = 8, is_reading = 16, is_writing = 32,
                                 one_user = 64;

  std::atomic<std::uint32_t> word_{0};
  std::atomic<std::uint32_t> generation_{0};
  int fd_ = -1;
  std::atomic<int> bell_{-1};                 // an eventfd that close() rings for threads in poll(2)
  std::atomic<std::uint64_t> home_{0};        // id of the reactor that it was entered into last
  std::array<side, 2> sides_;
  std::int64_t drained_ = -1;                 // edges seen by the read that emptied it; of who reads alone
  std::atomic<bool> extraordinary_{false};
  std::atomic<bool> peer_may_have_gone_{false};
  std::atomic<parker*> peer_watcher_{nullptr};
  descriptor* next_ = nullptr;                // unused blocks
};

}  // namespace weft::detail
