#pragma once
// queue: producers put, consumers get, first in, first out.
#include <weft/detail/basic_queue.hpp>
#include <weft/detail/order.hpp>

namespace weft {

// Linearizable: items come out in the order in which their puts took effect, waiting consumers and producers are served first
// come first served. lifo_queue and priority_queue have the same functions (details: detail/basic_queue.hpp, queue_core.hpp):
//   put(v)                                 S  waits for room; closed: closed_error
//   try_put(v), try_put_for/_until(v, d)   false: full, too late, or closed; v is moved from only on success
//   get()                                  S  waits for an item; closed and drained: closed_error
//   try_get(), try_get_for/_until(d)       empty: nothing there, too late, or closed and drained
//   task_done(), join(), join_for/_until   join waits until as many items are marked done as were put
//   close(), close_now(), closed()         no more puts; close_now drops what is queued, which counts as done
//   size(), empty(), full(), maxsize()     snapshots
template <class T>
class queue : public detail::basic_queue<T, detail::fifo_order> {
 public:
  // 0: unbounded. Takes no memory yet.
  explicit queue(std::size_t maxsize = 0) noexcept : detail::basic_queue<T, detail::fifo_order>(maxsize) {}
};

}  // namespace weft
