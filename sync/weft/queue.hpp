#pragma once
// queue: producers put, consumers get, first in, first out.
#include <weft/detail/basic_queue.hpp>
#include <weft/detail/order.hpp>

namespace weft {

// Linearizable: items come out in the order in which their puts took effect, waiting consumers and producers are served first
// come first served. What is said of its functions is in detail/basic_queue.hpp.
template <class T>
class queue : public detail::basic_queue<T, detail::fifo_order> {
 public:
  // 0: unbounded. Takes no memory yet.
  explicit queue(std::size_t maxsize = 0) noexcept : detail::basic_queue<T, detail::fifo_order>(maxsize) {}
};

}  // namespace weft
