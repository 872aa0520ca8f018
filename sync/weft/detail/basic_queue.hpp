#pragma once
// basic_queue: what all queues can do, whatever the order of their items. An Order keeps the slots of ready items (order.hpp):
//   slot                              a queue_slot, and what else the order keeps in each
//   void push(slot&[, less])          under the lock; if it `compares` with less(slot&, slot&), which throws: nothing has changed
//   slot& pop(); bool empty(); auto take_all()    noexcept and of no user's code; take_all: an order that has them all
#include <concepts>
#include <cstddef>
#include <cstring>
#include <functional>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/detail/copyable.hpp>
#include <weft/detail/queue_core.hpp>

namespace weft::detail {

// All calls from tasks of any runtime and from plain threads. T may be move-only. Nothing is lost or doubled: a put that throws
// (cancelled, closed_error, bad_alloc) has not touched its argument; a get that throws cancelled has taken nothing; granted is
// granted, a request that comes with the item stays pending. Producers that wait are served in the order of waiting; the items of
// those are in that order, too, if T is trivially copyable (else each goes in when its producer runs). If T's own constructor
// throws while it is moved in, nothing was put; while it is moved out, that item is lost, and counts as done.
template <class T, class Order>
class basic_queue : public queue_core {
  static_assert(std::is_object_v<T> && std::same_as<T, std::remove_cv_t<T>>,
                "weft: a queue keeps values, not references or const");
  static_assert(std::is_move_constructible_v<T>, "weft: the items of a queue must be movable");
  static_assert(std::is_nothrow_destructible_v<T>, "weft: the destructor of a queue's items must not throw");

 public:
  using value_type = T;

  // S  Waits for room. Closed: closed_error.
  void put(T&& v) { put_or_throw(std::move(v)); }
  void put(T const& v)
    requires copyable<T>
  {
    put_or_throw(v);
  }
  // Never suspends. False: full or closed; moved from only on success.
  [[nodiscard]] bool try_put(T&& v) { return put_one(std::move(v), false, no_limit) == place::granted; }
  [[nodiscard]] bool try_put(T const& v)
    requires copyable<T>
  {
    return put_one(v, false, no_limit) == place::granted;
  }
  // S  False: the time has passed, or closed.
  [[nodiscard]] bool try_put_for(T&& v, deadline d) { return try_put_until(std::move(v), d); }
  [[nodiscard]] bool try_put_until(T&& v, deadline d) {
    checkpoint();
    return put_one(std::move(v), true, d.ns()) == place::granted;
  }
  [[nodiscard]] bool try_put_for(T const& v, deadline d)
    requires copyable<T>
  {
    return try_put_until(v, d);
  }
  [[nodiscard]] bool try_put_until(T const& v, deadline d)
    requires copyable<T>
  {
    checkpoint();
    return put_one(v, true, d.ns()) == place::granted;
  }

  // S  Waits for an item. Closed, and nothing left: closed_error.
  T get() {
    checkpoint();
    if constexpr (quick) {
      if (auto v = get_quickly()) [[likely]] return std::move(*v);
    }
    queue_slot* const s = next_slot(no_limit);
    if (s == nullptr) throw_closed();
    return take_from<T>(*s);
  }
  // Never suspends. Empty: nothing there.
  std::optional<T> try_get() {
    if constexpr (quick) {
      return get_quickly();
    } else {
      queue_slot* const s = pop();
      return s != nullptr ? take_from<std::optional<T>>(*s) : std::nullopt;
    }
  }
  // S  Empty: the time has passed, or closed and nothing left.
  std::optional<T> try_get_for(deadline d) { return try_get_until(d); }
  std::optional<T> try_get_until(deadline d) {
    checkpoint();
    queue_slot* const s = next_slot(d.ns());
    return s != nullptr ? take_from<std::optional<T>>(*s) : std::nullopt;
  }

  // close(), and what is queued is destroyed here and counted as done. What a get has been handed is that get's.
  void close_now() noexcept {
    auto dropped = [this] {
      edit e(*this);
      refuse_all(e, openness::dropped);
      drop_ready(e);
      return order_.take_all();
    }();
    while (!dropped.empty()) {
      queue_slot& s = dropped.pop();
      item(s).~T();
      free_slot(s);
    }
  }

 protected:
  explicit basic_queue(std::size_t maxsize, Order order = {}) noexcept(std::is_nothrow_move_constructible_v<Order>)
      : queue_core(maxsize, sizeof(slot), alignof(slot)), order_(std::move(order)) {}
  // Nobody may be in any call. What is queued is destroyed.
  ~basic_queue() {
    while (!order_.empty()) item(order_.pop()).~T();
  }

 private:
  template <class, class>
  friend class get_case;
  template <class, class>
  friend class put_case;

  struct slot : Order::slot {
    alignas(T) std::byte memory[sizeof(T)];
  };
  // To copy it runs nobody's code and takes no time: done under the lock, which is then taken once.
  static constexpr bool quick = std::is_trivially_copyable_v<T> && sizeof(T) <= 64;
  // No put is ever under way, so the queue is linearizable to the last: "full" and "empty", too.
  static constexpr bool brings = quick && !Order::compares;

  static T& item(queue_slot& s) noexcept {
    return *std::launder(reinterpret_cast<T*>(static_cast<slot&>(s).memory));
  }
  template <class U>
  static void construct(queue_slot& s, U&& v) {
    ::new (static_cast<void*>(static_cast<slot&>(s).memory)) T(std::forward<U>(v));
  }
  static void copy(queue_slot& s, T const& v) noexcept { std::memcpy(static_cast<slot&>(s).memory, &v, sizeof(T)); }

  template <class U>
  void put_or_throw(U&& v) {
    checkpoint();
    if (put_one(std::forward<U>(v), true, no_limit) != place::granted) throw_closed();
  }

  template <class U>
  place put_one(U&& v, bool waits, std::int64_t until) {
    queue_slot* s = nullptr;
    if constexpr (brings) {
      for (bool room = true;;) {
        {
          edit e(*this);
          room = can_put();
          if (s == nullptr && (room || waits)) s = slots_.take();
          if (room && s != nullptr) [[likely]] {
            construct(*s, std::forward<U>(v));
            take_room();
            enter(e, *s);
            return place::granted;
          }
        }
        if (waits) return bring(s, v, until);
        if (!room) {
          if (s != nullptr) free_slot(*s);
          return place::full;  // or closed
        }
        s = new_slot();
      }
    }
    auto const p = take_place(s, waits, until);
    if (p == place::granted) fill(*s, std::forward<U>(v));
    return p;
  }

  // S  Waits with the item in its slot.
  place bring(queue_slot* s, T const& v, std::int64_t until) {
    struct guard {
      basic_queue& q;
      queue_slot* unused;
      ~guard() { unused != nullptr ? q.free_slot(*unused) : void(); }
    } mine{*this, s != nullptr ? s : new_slot()};
    copy(*mine.unused, v);
    auto const p = wait_for_place(until, mine.unused, &push_filled);
    if (p == place::granted) mine.unused = nullptr;
    return p;
  }
  static void push_filled(queue_core& q, queue_slot& s) noexcept { static_cast<basic_queue&>(q).order_.push(s); }

  // The slot of a place that has been granted. If this throws, the place is given up, and the slot.
  template <class U>
  void fill(queue_slot& s, U&& v) {
    try {
      construct(s, std::forward<U>(v));
    } catch (...) {
      abandon(&s);
      throw;
    }
    if constexpr (!Order::compares) {
      commit(s);
    } else {
      try {
        commit(s);
      } catch (...) {
        if constexpr (!std::is_lvalue_reference_v<U> && std::is_nothrow_move_assignable_v<T>) v = std::move(item(s));
        item(s).~T();
        abandon(&s);
        throw;
      }
    }
  }

  // Under the lock.
  void enter(handed& e, queue_slot& s) noexcept(!Order::compares) {
    if (hand_over(e, s)) return;
    if constexpr (Order::compares) {
      order_.push(s, [this](queue_slot& a, queue_slot& b) -> bool {
        return std::invoke(order_.less, std::as_const(item(a)), std::as_const(item(b)));
      });
    } else {
      order_.push(s);
    }
    is_ready();
  }

  void commit(queue_slot& s) noexcept(!Order::compares) {
    {
      edit e(*this);
      bool const kept = openness_now() != openness::dropped;
      if (kept) {
        enter(e, s);
      } else {
        free_place(e);
      }
      end_filling(e);
      if (kept) return;
    }
    item(s).~T();
    free_slot(s);
  }

  queue_slot* pop() noexcept {
    edit e(*this);
    return size() != 0 ? &pop(e) : nullptr;
  }
  queue_slot& pop(handed& e) noexcept {
    queue_slot& s = order_.pop();
    not_ready(e);
    return s;
  }

  std::optional<T> get_quickly() noexcept {
    slot_pool::chunk* surplus = nullptr;
    std::optional<T> v;
    {
      edit e(*this);
      if (size() == 0) return v;
      queue_slot& s = pop(e);
      v.emplace(std::move(item(s)));
      surplus = slots_.give(&s);
    }
    if (surplus != nullptr) [[unlikely]] slots_.release(surplus);
    return v;
  }

  // S  Null: closed, or late.
  queue_slot* next_slot(std::int64_t until) {
    for (;;) {
      queue_slot* s = pop();
      if (s != nullptr) return s;
      auto const end = wait_for_item(s, until);
      if (end != arrival::again) return s;
    }
  }

  // Moves the item out of its slot, and gives the slot back.
  template <class R>
  R take_from(queue_slot& s) {
    struct emptied {
      basic_queue& q;
      queue_slot& s;
      ~emptied() {
        item(s).~T();
        q.free_slot(s);
      }
    } const after{*this, s};
    if constexpr (std::is_nothrow_move_constructible_v<T>) {
      return R(std::move(item(s)));
    } else {
      try {
        return R(std::move(item(s)));
      } catch (...) {
        count_as_done();
        throw;
      }
    }
  }

  Order order_;
};

}  // namespace weft::detail
