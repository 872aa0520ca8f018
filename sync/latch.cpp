// latch: a number, and an event that is set when it has come to zero.
//
// Who brings it to zero sets the event; everybody else's CAS is his last touch. Zero is seen by the event alone, so whoever
// has seen it comes after set()'s last touch (event.cpp).
// Orders: each count_down (release) is continued by the next and acquired by the last, whose set() releases it to all: what
//   was done before any count_down is seen by whoever has waited.
#include <stdexcept>
#include <string>

#include <weft/errors.hpp>
#include <weft/latch.hpp>

namespace weft {

latch::latch(std::ptrdiff_t expected) : left_(expected) {
  if (expected < 0) throw std::invalid_argument("weft: a latch cannot begin with " + std::to_string(expected));
  if (expected == 0) zero_.set();
}

void latch::count_down(std::ptrdiff_t n) {
  if (n < 0) throw std::invalid_argument("weft: a latch cannot be counted down by a negative number");
  if (n == 0) return;
  auto left = left_.load(std::memory_order_relaxed);
  do {
    if (left < n) throw invalid_state_error("weft: a latch counted down further than to zero");
  } while (!left_.compare_exchange_weak(left, left - n, std::memory_order_acq_rel, std::memory_order_relaxed));
  if (left == n) zero_.set();
}

}  // namespace weft
