#pragma once
// Stands in for scheduler/weft/detail/atomic.hpp: the kernel's memory goes through the explorer.
#include <atomic>
#include <cstring>
#include <type_traits>

#include "tests/model/explorer.hpp"

namespace weft::detail {

template <class T>
class atomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(model::bits));

 public:
  atomic(T first = T()) noexcept : id_(model::memory::make_atomic(&id_, to(first))) {}
  atomic(atomic const&) = delete;
  atomic& operator=(atomic const&) = delete;
  ~atomic() { model::memory::end_atomic(&id_); }

  T load(std::memory_order o = std::memory_order_seq_cst) const noexcept {
    return from(model::memory::load(&id_, o));
  }
  void store(T v, std::memory_order o = std::memory_order_seq_cst) noexcept {
    model::memory::store(&id_, to(v), o);
  }
  T exchange(T v, std::memory_order o = std::memory_order_seq_cst) noexcept {
    return update([](model::bits, model::bits n) { return n; }, v, o);
  }
  T fetch_add(T v, std::memory_order o = std::memory_order_seq_cst) noexcept {
    return update([](model::bits w, model::bits n) { return w + n; }, v, o);
  }
  T fetch_sub(T v, std::memory_order o = std::memory_order_seq_cst) noexcept {
    return update([](model::bits w, model::bits n) { return w - n; }, v, o);
  }
  T fetch_and(T v, std::memory_order o = std::memory_order_seq_cst) noexcept {
    return update([](model::bits w, model::bits n) { return w & n; }, v, o);
  }
  T fetch_or(T v, std::memory_order o = std::memory_order_seq_cst) noexcept {
    return update([](model::bits w, model::bits n) { return w | n; }, v, o);
  }
  bool compare_exchange_strong(T& expected, T v, std::memory_order o, std::memory_order failure) noexcept {
    auto e = to(expected);
    bool const done = model::memory::compare(&id_, e, to(v), o, failure);
    expected = from(e);
    return done;
  }
  bool compare_exchange_weak(T& expected, T v, std::memory_order o, std::memory_order failure) noexcept {
    return compare_exchange_strong(expected, v, o, failure);
  }

 private:
  static model::bits to(T v) noexcept {
    model::bits b = 0;
    std::memcpy(&b, &v, sizeof v);
    return b;
  }
  static T from(model::bits b) noexcept {
    T v;
    std::memcpy(&v, &b, sizeof v);
    return v;
  }
  T update(model::bits (*f)(model::bits, model::bits), T v, std::memory_order o) noexcept {
    return from(model::memory::update(&id_, f, to(v), o));
  }

  int id_;
};

template <class T>
class plain {
 public:
  plain(T first = T()) noexcept : value_(first), id_(model::memory::make_plain(&id_)) {}
  plain(plain const& other) noexcept : plain(static_cast<T>(other)) {}
  ~plain() { model::memory::end_plain(&id_); }

  operator T() const noexcept {
    model::memory::read(&id_);
    return value_;
  }
  plain& operator=(T v) noexcept {
    model::memory::write(&id_);
    value_ = v;
    return *this;
  }
  plain& operator=(plain const& other) noexcept { return *this = static_cast<T>(other); }

 private:
  T value_;
  int id_;
};

class backoff {
 public:
  void pause() noexcept { model::spin(); }
};

}  // namespace weft::detail
