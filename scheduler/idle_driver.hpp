#pragma once
// idle_driver: where an idle worker sleeps when there is more to wait for than other workers: implemented by io.
//
// One idle worker at a time, the keeper of time, sleeps in wait(). It gives that role back before it delivers: so while the first
// of those whom it has woken runs, another worker may be sleeping here. Busy workers poll in passing, and before they search.
#include <array>
#include <cstddef>
#include <cstdint>

namespace weft::detail {

// What a wait has brought, until it is delivered.
struct driver_events {
  struct one {
    std::uint64_t whom;
    std::uint32_t what;
  };
  std::array<one, 64> all;
  std::size_t count = 0;
};

class idle_driver {
 public:
  virtual ~idle_driver() = default;

  // Until something has come, or wake(), or `until` (ns of the steady clock; INT64_MAX: none). One worker at a time.
  virtual void wait(std::int64_t until, driver_events&) noexcept = 0;
  // Makes ready who waits for it. On a worker of this driver's scheduler, which holds nothing.
  virtual void deliver(driver_events&) noexcept = 0;
  // What is there already, fetched and delivered; false: nothing. On any worker, also while another one waits.
  virtual bool poll() noexcept = 0;
  // Any thread: wait() returns soon, the next one if nobody is in it.
  virtual void wake() noexcept = 0;
};

}  // namespace weft::detail
