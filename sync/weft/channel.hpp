#pragma once
// channel: values from senders to receivers, as in Go: handed over at a meeting, or through a buffer.
#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <ranges>
#include <utility>

#include <weft/detail/rendezvous.hpp>
#include <weft/queue.hpp>

namespace weft {

namespace detail {
struct channel_access;
[[noreturn]] void throw_channel_closed();
}  // namespace detail

// Capacity 0: a send returns when a receive has taken its value. Else it returns when the value is in the buffer, which is a
// queue. Senders and receivers are served first come first served. All calls from tasks of any runtime and from plain threads.
// T may be move-only. Nothing is lost or doubled: a send that throws cancelled or closed_error has not touched its argument, and
// a receive that throws cancelled has taken nothing; granted is granted, a request that comes with it stays pending. If T's own
// constructor throws in send, nothing was sent; if it throws in receive, that value is lost. Values of senders that waited are
// received in the order of waiting; only in a buffer, and if T is not trivially copyable, each gets in when its sender runs.
// Between a sender and a receiver who meet, the value is moved by whoever came second.
template <class T>
class channel {
 public:
  using value_type = T;

  // Takes no memory yet.
  explicit channel(std::size_t capacity = 0) noexcept : buffer_(capacity) {}
  channel(channel const&) = delete;
  channel& operator=(channel const&) = delete;

  // S  Waits for room, or for a receiver. Closed: closed_error.
  void send(T&& v) { send_or_throw(std::move(v)); }
  void send(T const& v)
    requires detail::copyable<T>
  {
    send_or_throw(v);
  }
  // Never suspends. False: closed, or it would have to wait; moved from only on success.
  [[nodiscard]] bool try_send(T&& v) { return send_now(std::move(v)); }
  [[nodiscard]] bool try_send(T const& v)
    requires detail::copyable<T>
  {
    return send_now(v);
  }
  // S  False: the time has passed, or closed.
  [[nodiscard]] bool try_send_for(T&& v, deadline d) { return send_by(std::move(v), d) == sent::yes; }
  [[nodiscard]] bool try_send_until(T&& v, deadline d) { return send_by(std::move(v), d) == sent::yes; }
  [[nodiscard]] bool try_send_for(T const& v, deadline d)
    requires detail::copyable<T>
  {
    return send_by(v, d) == sent::yes;
  }
  [[nodiscard]] bool try_send_until(T const& v, deadline d)
    requires detail::copyable<T>
  {
    return send_by(v, d) == sent::yes;
  }

  // S  Waits for a value. Empty: closed, and nothing left.
  std::optional<T> receive() { return try_receive_until(never); }
  // Never suspends. Empty: nothing there.
  std::optional<T> try_receive() {
    if (queue<T>* const q = buffer()) return q->try_get();
    std::optional<T> v;
    meeting().receive(v, false, detail::no_limit);
    return v;
  }
  // S  Empty: the time has passed, or closed and nothing left.
  std::optional<T> try_receive_for(deadline d) { return try_receive_until(d); }
  std::optional<T> try_receive_until(deadline d) {
    if (queue<T>* const q = buffer()) return q->try_get_until(d);
    detail::checkpoint();
    std::optional<T> v;
    meeting().receive(v, true, d.ns());
    return v;
  }

  // No more values: waiting and later sends throw closed_error; receives drain the buffer, then are empty. Idempotent.
  void close() noexcept {
    if (queue<T>* const q = buffer()) {
      q->close();
    } else {
      meeting().close();
    }
  }
  [[nodiscard]] bool closed() const noexcept {
    return buffer() != nullptr ? buffer_.closed() : meeting_.closed();
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return buffer_.maxsize(); }
  // Values in the buffer: a snapshot.
  [[nodiscard]] std::size_t size() const noexcept { return buffer_.size(); }

  // An input range: begin() and ++ receive, and it ends when the channel is closed and drained. To take some, `break`, or call
  // receive(): std::views::take(n) asks for one more.
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    explicit iterator(channel& c) : from_(&c), value_(c.receive()) {}
    T& operator*() const noexcept { return *value_; }
    T* operator->() const noexcept { return &*value_; }
    iterator& operator++() {
      value_.reset();
      if (auto next = from_->receive()) value_.emplace(std::move(*next));
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(iterator const& i, std::default_sentinel_t) noexcept { return !i.value_.has_value(); }

   private:
    channel* from_;
    mutable std::optional<T> value_;
  };
  // S
  iterator begin() { return iterator(*this); }
  std::default_sentinel_t end() noexcept { return {}; }

 private:
  friend detail::channel_access;
  using sent = typename detail::rendezvous<T>::sent;

  // One of the two is used, for good. Null: no buffer.
  queue<T>* buffer() noexcept { return buffer_.maxsize() != 0 ? &buffer_ : nullptr; }
  queue<T> const* buffer() const noexcept { return buffer_.maxsize() != 0 ? &buffer_ : nullptr; }
  detail::rendezvous<T>& meeting() noexcept { return meeting_; }

  template <class U>
  bool send_now(U&& v) {
    if (queue<T>* const q = buffer()) return q->try_put(std::forward<U>(v));
    return meeting().send(detail::outgoing<T>(std::forward<U>(v)), false, detail::no_limit) == sent::yes;
  }
  template <class U>
  sent send_by(U&& v, deadline d) {
    if (queue<T>* const q = buffer()) return q->try_put_until(std::forward<U>(v), d) ? sent::yes : sent::no;
    detail::checkpoint();
    return meeting().send(detail::outgoing<T>(std::forward<U>(v)), true, d.ns());
  }
  template <class U>
  void send_or_throw(U&& v) {
    if (send_by(std::forward<U>(v), never) != sent::yes) detail::throw_channel_closed();
  }

  detail::rendezvous<T> meeting_;
  queue<T> buffer_;
};

}  // namespace weft

// size() is not how many a loop over it sees.
template <class T>
inline constexpr bool std::ranges::disable_sized_range<weft::channel<T>> = true;
