#pragma once
// signal_set: signals as something to wait for. While it lives they come to it instead of doing what they did.
#include <initializer_list>
#include <memory>

#include <weft/deadline.hpp>
#include <weft/errors.hpp>

namespace weft {

namespace detail {
class signal_inbox;
}

// Sets that name the same signal all get it; so does cancel_on_signals. The last of them to go puts the old action back. No mask is
// touched. It is caught by whichever thread it comes to; in a forked child it does what it does by default.
class signal_set {
 public:
  // Each of them may be caught and reports no fault of the program, and there is one: std::invalid_argument. std::system_error.
  explicit signal_set(std::initializer_list<int> signals);
  ~signal_set();  // nobody waits
  signal_set(signal_set const&) = delete;
  signal_set& operator=(signal_set const&) = delete;

  // S  The lowest number of those that have come since it was last returned; a number that has come several times by then is one.
  // Any number of tasks may wait: each signal goes to one of them. timeout_error, std::system_error.
  [[nodiscard]] int wait(deadline = never);

 private:
  std::unique_ptr<detail::signal_inbox> inbox_;
};

}  // namespace weft
