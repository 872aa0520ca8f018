#pragma once
// lifo_queue: as queue, but last in, first out.
#include <cstddef>

#include <weft/detail/basic_queue.hpp>
#include <weft/detail/order.hpp>

namespace weft {

// What is said of its functions is in detail/basic_queue.hpp.
template <class T>
class lifo_queue : public detail::basic_queue<T, detail::lifo_order> {
 public:
  // 0: unbounded. Takes no memory yet.
  explicit lifo_queue(std::size_t maxsize = 0) noexcept : detail::basic_queue<T, detail::lifo_order>(maxsize) {}
};

}  // namespace weft
