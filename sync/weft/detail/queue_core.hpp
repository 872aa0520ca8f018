#pragma once
// queue_core: what a queue is besides the type and the order of its items: a lock, counts, three waiting lists, slots.
//
// An item's way:  a put takes a place (room_ to filling_), moves the item into a slot, commits it: to the oldest waiting getter,
//                 else into the order (ready). A get takes a slot out of the order, or is handed one, moves the item out.
//                 Places, slots and items change hands under the lock; the user's moves and destructors run without it.
//
// Invariants, whenever the lock is free
//   Q1  Putters wait only while there is no room, getters only while nothing is ready: nobody passes them.
//   Q2  maxsize = room + filling + ready, of a bounded one. An item handed to a getter has left: its place is free.
//   Q3  After close() nobody takes a place any more. Getters wait on while puts are filling (those items may still come), and
//       are told when none is left.
//   Q4  unfinished counts items committed and not marked done; joiners wait only while it is not 0.
//   Q5  Items of putters that wait are in the order of waiting, if they are copied without running user's code: such a putter
//       brings its item in a slot, and who frees a place enters it. Others are granted a place, and fill it when they run.
// Orders: unlock (release) pairs with lock (acquire). The counts are written under the lock and read by anyone: a snapshot.
#include <cstddef>
#include <cstdint>

#include <weft/deadline.hpp>
#include <weft/detail/slot_pool.hpp>
#include <weft/detail/waiters.hpp>

namespace weft::detail {

class queue_core {
 public:
  queue_core(queue_core const&) = delete;
  queue_core& operator=(queue_core const&) = delete;

  // Items that are there to be got. Snapshots all, from any thread.
  [[nodiscard]] std::size_t size() const noexcept { return ready_.load(std::memory_order_acquire); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  // No room for another item: queued ones and puts under way fill it.
  [[nodiscard]] bool full() const noexcept { return room_.load(std::memory_order_acquire) == 0; }
  [[nodiscard]] std::size_t maxsize() const noexcept { return maxsize_; }
  [[nodiscard]] bool closed() const noexcept {
    return closed_.load(std::memory_order_acquire) != openness::open;
  }

  // An item got has been worked on. More often than items were put: invalid_state_error.
  void task_done();
  // S  Until every item put has been marked done, or dropped. At once if there is none.
  void join() { (void)wait_for_join(no_limit); }
  // S  False: the time has passed.
  bool join_for(deadline d) { return wait_for_join(d.ns()); }
  bool join_until(deadline d) { return wait_for_join(d.ns()); }

  // No more items: waiting and later puts throw closed_error; gets drain what there is, then throw it. A put that has its
  // place already ends normally. Idempotent.
  void close() noexcept;

 protected:
  enum class openness : std::uint8_t { open, closed, dropped };
  enum class place : std::uint8_t { granted, full, closed };
  enum class arrival : std::uint8_t { item, again, late, closed };

  using enter_order = void (*)(queue_core&, queue_slot&) noexcept;
  struct putter : waiter {
    using waiter::waiter;
    bool refused = false;
    queue_slot* filled = nullptr;  // it has brought its item: whoever has a place for it enters it
    enter_order enter = nullptr;
  };
  struct getter : waiter {
    using waiter::waiter;
    queue_slot* slot = nullptr;  // null when published: closed
  };

  // The lock, and those to be woken after it.
  class edit : public handed {
   public:
    explicit edit(queue_core& q) noexcept : q_(q) { (void)lock_word(q.lock_); }
    edit(edit const&) = delete;
    edit& operator=(edit const&) = delete;
    ~edit() {
      q_.lock_.store(0, std::memory_order_release);
      publish(true);
    }

   private:
    queue_core& q_;
  };

  queue_core(std::size_t maxsize, std::size_t slot_size, std::size_t slot_align) noexcept
      : slots_(slot_size, slot_align), room_(maxsize == 0 ? SIZE_MAX : maxsize), maxsize_(maxsize) {}
  ~queue_core() = default;

  // --- under the lock; `e` takes those to be woken after it
  [[nodiscard]] bool can_put() const noexcept {
    return count(room_) != 0 && openness_now() == openness::open;
  }
  void take_room() noexcept { set(room_, count(room_) - 1); }
  // A place is free: the oldest putter's, else room.
  void free_place(handed& e) noexcept {
    if (putters_.empty()) [[likely]] {
      set(room_, count(room_) + 1);
    } else {
      grant_place(e);
    }
  }
  // The item in the slot has come. True: a getter has it. False: it is to go into the order.
  [[nodiscard]] bool hand_over(handed& e, queue_slot& s) noexcept {
    if (getters_.empty() || !hand_to_getter(e, s)) return false;
    free_place(e);
    return true;
  }
  // One has got into the order.
  void is_ready() noexcept {
    ++unfinished_;
    set(ready_, count(ready_) + 1);
  }
  // One has left it.
  void not_ready(handed& e) noexcept {
    set(ready_, count(ready_) - 1);
    free_place(e);
  }
  void end_filling(handed& e) noexcept {
    --filling_;
    if (openness_now() != openness::open) [[unlikely]] tell_if_drained(e);
  }
  [[nodiscard]] openness openness_now() const noexcept { return closed_.load(std::memory_order_relaxed); }
  // Nothing is ready, and nothing will be.
  [[nodiscard]] bool drained() const noexcept {
    return count(ready_) == 0 && (openness_now() == openness::dropped ||
                                  (openness_now() == openness::closed && filling_ == 0));
  }
  // For a put that may have to construct its item without the lock.
  place try_place() noexcept;
  // After it, for a put that has brought its item.
  void enter_granted(handed&, queue_slot&, enter_order) noexcept;
  // All that was ready has been taken out of the order, to be dropped.
  void drop_ready(handed&) noexcept;

  // --- without it
  // For a put that does not go at once. S if it waits: by `until`. Granted: with a slot to fill; then commit or abandon it.
  place take_place(queue_slot*& slot, bool waits, std::int64_t until);
  void abandon(queue_slot*) noexcept;
  // S  With `filled`: granted means entered.
  place wait_for_place(std::int64_t until, queue_slot* filled = nullptr, enter_order enter = nullptr);
  // S  For a get when nothing was ready. `again`: something is now.
  arrival wait_for_item(queue_slot*& slot, std::int64_t until);
  // A slot whose item is gone.
  void free_slot(queue_slot& s) noexcept {
    slot_pool::chunk* surplus = nullptr;
    {
      edit e(*this);
      surplus = slots_.give(&s);
    }
    if (surplus != nullptr) [[unlikely]] slots_.release(surplus);
  }
  // A got item that nobody will mark done.
  void count_as_done() noexcept;
  void refuse_all(handed&, openness) noexcept;
  queue_slot* new_slot();
  // A slot for a place; if there is no memory for it, the place is given up.
  queue_slot* slot_or_abandon();
  [[noreturn]] static void throw_closed();

  slot_pool slots_;

 private:
  static std::size_t count(atomic<std::size_t> const& c) noexcept {
    return c.load(std::memory_order_relaxed);
  }
  static void set(atomic<std::size_t>& c, std::size_t n) noexcept { c.store(n, std::memory_order_release); }
  template <class, class>
  friend class get_case;
  template <class, class>
  friend class put_case;

  void grant_place(handed&) noexcept;
  bool hand_to_getter(handed&, queue_slot&) noexcept;
  void tell_if_drained(handed&) noexcept;
  void done(handed&, std::size_t items) noexcept;
  bool wait_for_join(std::int64_t until);

  atomic<std::uint64_t> lock_{0};
  atomic<std::size_t> ready_{0}, room_;
  atomic<openness> closed_{openness::open};
  std::size_t filling_ = 0;  // places taken by puts that are under way
  std::size_t unfinished_ = 0;
  waiters<putter> putters_;
  waiters<getter> getters_;
  waiters<waiter> joiners_;
  std::size_t const maxsize_;
};

}  // namespace weft::detail
