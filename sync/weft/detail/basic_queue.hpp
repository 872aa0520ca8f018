#pragma once
// basic_queue: what all queues can do, whatever the order of their items. An Order keeps the slots of ready items:
//   void push(queue_slot&) noexcept;  queue_slot& pop() noexcept;  queue_slot* take_all() noexcept;    under the queue's lock
#include <concepts>
#include <cstddef>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/detail/queue_core.hpp>

namespace weft::detail {

// All calls from tasks of any runtime and from plain threads. T may be move-only. Nothing is lost or doubled: a put that throws
// (cancelled, closed_error, bad_alloc) has not touched its argument; a get that throws cancelled has taken nothing; granted is
// granted, a request that comes with the item stays pending. If T's own constructor throws while it is moved in, nothing was
// put; while it is moved out, that item is lost, and counts as done.
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
    requires std::copy_constructible<T>
  {
    put_or_throw(v);
  }
  // Never suspends. False: full or closed; moved from only on success.
  [[nodiscard]] bool try_put(T&& v) { return put_one(std::move(v), false, no_limit) == place::granted; }
  [[nodiscard]] bool try_put(T const& v)
    requires std::copy_constructible<T>
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
    requires std::copy_constructible<T>
  {
    return try_put_until(v, d);
  }
  [[nodiscard]] bool try_put_until(T const& v, deadline d)
    requires std::copy_constructible<T>
  {
    checkpoint();
    return put_one(v, true, d.ns()) == place::granted;
  }

  // S  Waits for an item. Closed, and nothing left: closed_error.
  T get() {
    checkpoint();
    if constexpr (quick) {
      if (auto v = get_quickly()) [[likely]] return *v;
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
    queue_slot* dropped = nullptr;
    {
      edit e(*this);
      refuse_all(e, openness::dropped);
      dropped = order_.take_all();
      drop_ready(e);
    }
    for (queue_slot* s = dropped; s != nullptr; s = s->next) item(*s).~T();
    free_slots(dropped);
  }

 protected:
  explicit basic_queue(std::size_t maxsize) noexcept : queue_core(maxsize, sizeof(slot), alignof(slot)) {}
  // Nobody may be in any call. What is queued is destroyed.
  ~basic_queue() {
    for (queue_slot* s = order_.take_all(); s != nullptr; s = s->next) item(*s).~T();
  }

 private:
  struct slot : queue_slot {
    alignas(T) std::byte memory[sizeof(T)];
  };
  // To copy it runs nobody's code and takes no time: done under the lock, which is then taken once.
  static constexpr bool quick = std::is_trivially_copyable_v<T> && sizeof(T) <= 64;

  static T& item(queue_slot& s) noexcept {
    return *std::launder(reinterpret_cast<T*>(static_cast<slot&>(s).memory));
  }
  template <class U>
  static void construct(queue_slot& s, U&& v) {
    ::new (static_cast<void*>(static_cast<slot&>(s).memory)) T(std::forward<U>(v));
  }

  template <class U>
  void put_or_throw(U&& v) {
    checkpoint();
    if (put_one(std::forward<U>(v), true, no_limit) != place::granted) throw_closed();
  }

  template <class U>
  place put_one(U&& v, bool waits, std::int64_t until) {
    queue_slot* s = nullptr;
    if constexpr (quick) {
      edit e(*this);
      if (can_put() && (s = slots_.take()) != nullptr) [[likely]] {
        construct(*s, std::forward<U>(v));
        take_room();
        enter(e, *s);
        return place::granted;
      }
    }
    auto const p = take_place(s, waits, until);
    if (p != place::granted) return p;
    try {
      construct(*s, std::forward<U>(v));
    } catch (...) {
      abandon(s);
      throw;
    }
    commit(*s);
    return p;
  }

  // Under the lock.
  void enter(edit& e, queue_slot& s) noexcept {
    if (!hand_over(e, s)) order_.push(s);
  }

  void commit(queue_slot& s) noexcept {
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
  queue_slot& pop(edit& e) noexcept {
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
