#pragma once
// What the tests put into queues.
#include <atomic>
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

// The same questions to a type that goes the quick way (copied under the lock) and to one that does not.
template <class T>
int number(T const& v) {
  if constexpr (std::is_same_v<T, int>) {
    return v;
  } else {
    return v.value();
  }
}

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
