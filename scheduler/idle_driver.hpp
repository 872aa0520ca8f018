#pragma once
// What an idle worker sleeps in when it watches for outside events: implemented by io, a plain futex otherwise.
#include <cstdint>

namespace weft::detail {

class idle_driver {
 public:
  virtual ~idle_driver() = default;
  virtual void wait(std::int64_t until) noexcept = 0;  // steady-clock ns, INT64_MAX: none. Makes ready what has come
  virtual void wake() noexcept = 0;                    // any thread: wait() returns soon
};

}  // namespace weft::detail
