#pragma once
// The debug reports: what is legal, or nobody can see otherwise, and is a mistake most of the time. On stderr, once for each place and
// runtime. What costs anything while it is off: one bit of a word that is looked at anyway (request_watched), one pointer of the worker.
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "runtime/runtime_core.hpp"

namespace weft::detail {

class debug_reports {
 public:
  // For those asked for by parameter, else by the environment's WEFT_DEBUG; else null.
  [[nodiscard]] static std::unique_ptr<debug_reports> if_wanted(std::optional<bool> asked);

  // True: the first time. std::bad_alloc.
  [[nodiscard]] bool is_new(std::string place);

 private:
  std::mutex lock_;
  std::set<std::string> told_;
};

// --- swallowed cancellations (swallowed.cpp); of the running task
void watch_delivery(future_core& self, cancelled& to_be_thrown, int heard_before) noexcept;
void keep_delivery(future_core& self) noexcept;                         // in weft's own handler: it is thrown on later ...
void let_go_of_delivery(future_core& self) noexcept;                    // ... that is, now
void forget_delivery(future_core& self) noexcept;                       // weft itself puts an error before it
void look_for_swallowed(future_core& self, job_state ends) noexcept;    // its body is over; runtime_core.hpp has the one for who goes on

// --- locks of the system (held_lock.cpp)
using suspend_watcher = void (*)(fiber const&) noexcept;
[[nodiscard]] suspend_watcher held_lock_watcher() noexcept;             // null: no libweft_lock_check.so to ask
void forget_held_locks() noexcept;                                      // this thread's own, taken before it serves

}  // namespace weft::detail
