// in_line: the waiting side.
#include <weft/detail/in_line.hpp>

#include "runtime/waiting.hpp"

namespace weft::detail {

wait_end in_line::wait(awaited what, std::int64_t until) noexcept {
  return wait_until(*who, current_core(), what, until, true, [this] { return is_called(); });
}

void in_line::wait_for_call() noexcept {
  (void)wait_until(*who, current_core(), {}, no_limit, false, [this] { return is_called(); });
}

}  // namespace weft::detail
