#pragma once
// What the tests put into queues.
#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <type_traits>

#include <weft/weft.hpp>

namespace items {

// Neither trivial nor default-constructible, move-only, and counted.
class thing {
 public:
  explicit thing(int v) : value_(std::make_unique<int>(v)) { ++alive; }
  thing(thing&& o) noexcept : value_(std::move(o.value_)) { ++alive; }
  thing& operator=(thing&&) = delete;
  ~thing() { --alive; }
  [[nodiscard]] bool intact() const { return value_ != nullptr; }
  [[nodiscard]] int value() const { return value_ != nullptr ? *value_ : -1; }
  static inline std::atomic<int> alive{0};

 private:
  std::unique_ptr<int> value_;
};

// What the storms count: copied under a queue's lock, or moved.
using number = std::uint64_t;
using boxed = std::unique_ptr<number>;

template <class T>
T make(number n) {
  if constexpr (std::is_same_v<T, number>) {
    return n;
  } else {
    return std::make_unique<number>(n);
  }
}

// The same questions to a type that goes the quick way (copied under the lock) and to one that does not.
inline int value(int v) { return v; }
inline int value(thing const& v) { return v.value(); }
inline number value(number n) { return n; }
inline number value(boxed const& p) { return *p; }
inline bool intact(number) { return true; }
inline bool intact(boxed const& p) { return p != nullptr; }

// Stops in the middle of a move: for what happens while an item is on its way.
struct slow {
  explicit slow(int v) : value(v) {}
  slow(slow&& o) noexcept : value(o.value), at(o.at), go(o.go) {
    if (at != nullptr) {
      at->set_value();
      o.at = at = nullptr;
      go.wait();
    }
  }
  int value;
  weft::promise<>* at = nullptr;
  weft::future<> go;
};

// Throws when it is moved as often as `moves` says.
struct brittle {
  explicit brittle(int v, int m) : value(v), moves(m) {}
  brittle(brittle&& o) : value(o.value), moves(o.moves - 1) {
    if (moves < 0) throw std::domain_error("broken on its way");
  }
  int value;
  int moves;
};

}  // namespace items
