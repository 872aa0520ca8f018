#pragma once
// signal_watch: cancel_on_signals. While it lives the signals cancel a main task; then the old handlers come back.
#include <vector>

#include "runtime/signals.hpp"

namespace weft::detail {

struct future_core;

// The first signal cancels its main task, and any other is refused. So of two runtimes that name the same signal both are
// cancelled, and a second one gets its default action unless it is the first of another watch or a signal_set has it.
class signal_watch final : public signal_listener {
 public:
  // As begin().
  explicit signal_watch(std::vector<int> const& signals) : signal_listener(signals) { begin(); }
  ~signal_watch() { end(); }

  // From now on there is somebody to cancel; a signal that has come already does so at once. The caller keeps the task alive.
  void attach(future_core& main) noexcept;

 private:
  answer hear(int signal) noexcept override;
  void ask(int signal) noexcept;

  future_core* main_ = nullptr;
  int asked_ = 0;  // the signal that it had
};

}  // namespace weft::detail
