#pragma once
// priority_queue: as queue, but the smallest item first.
#include <concepts>
#include <cstddef>
#include <functional>
#include <utility>

#include <weft/detail/basic_queue.hpp>
#include <weft/detail/sorted_order.hpp>

namespace weft {

namespace detail {

template <class Less>
struct priority_order : sorted_order {
  Less less;
};

}  // namespace detail

// The smallest item by Less first; of equal ones the one that came first. What is said of its functions is in
// detail/basic_queue.hpp, and besides:
// Less is called by put alone, never by get, under the queue's lock: it must be short, and use nothing of weft. If it throws,
// nothing was put and nothing has changed; the argument has its value back if T's move assignment does not throw, else that
// item is lost. An item that a waiting get takes at once is compared with nothing.
// put compares O(log n) times, amortised; get takes O(1), amortised.
template <class T, class Less = std::less<T>>
class priority_queue : public detail::basic_queue<T, detail::priority_order<Less>> {
  static_assert(std::predicate<Less&, T const&, T const&>, "weft: Less compares two items of the queue");

 public:
  // 0: unbounded. Takes no memory yet.
  explicit priority_queue(std::size_t maxsize = 0, Less less = {})
      : detail::basic_queue<T, detail::priority_order<Less>>(maxsize, {{}, std::move(less)}) {}
};

}  // namespace weft
