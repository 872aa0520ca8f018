#pragma once
// Swallowed cancellations, of which the debug reports tell.
//
// A cancellation that is thrown, and each copy of the exception, holds a token. When the last of them has gone the handler that caught it
// has ended. If the task has not taken the request back by then, which scopes do and uncancel() does, and calls what may suspend, or
// ends otherwise than cancelled, it has swallowed it. A request that a task passes on to what it awaits is thrown in that one, if at
// all, so it is that one's business.
#include <exception>
#include <memory>
#include <string>

#include <weft/cancel.hpp>

namespace weft::detail {

// In the side block of a task in which one was thrown. The task's own, set and dropped under side_lock.
struct thrown_cancellation {
  std::weak_ptr<void const> alive;  // expired: caught, and not thrown on
  int heard_before;                 // so many requests the task knew of, and had not taken back
  std::string message;
  cancel_cause cause;
  std::exception_ptr kept;          // weft has caught it and will throw it on, or another in its place

  static void hold(std::shared_ptr<void const> token, cancelled& by) noexcept { by.token_ = std::move(token); }
};

}  // namespace weft::detail
