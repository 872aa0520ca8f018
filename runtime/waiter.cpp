// Ending a wait: by what was handed over, or by ourselves, decided by one CAS (parker.hpp).
#include "runtime/waiting.hpp"

namespace weft::detail {

wait_end waiter::wait(awaited what, std::int64_t until) noexcept {
  parker& me = *who;
  future_core* const self = current_core();
  auto const end = wait_until(me, self, what, until, true, [&] { return me.published(); });
  if (end != wait_end::over) {
    if (me.close()) return end;
    while (!me.published()) park(me);  // claimed: what is handed over is being written
  }
  me.finish();
  return wait_end::over;
}

}  // namespace weft::detail
