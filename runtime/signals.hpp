#pragma once
// signal_watch: cancel_on_signals. While it lives the signals cancel a main task; then the old handlers come back.
#include <csignal>
#include <cstdint>
#include <vector>

namespace weft::detail {

struct future_core;

// A handler does nothing but write to its signal's eventfd. One thread for all watches, which exists while there is one, reads
// those and decides: the first signal that a watch names cancels its main task; one that finds only watches that had theirs
// gets its default action. So of two runtimes that name the same signal both are cancelled.
class signal_watch {
 public:
  // Takes the signals over, whatever was there before, SIG_IGN too. std::system_error: no descriptor or thread to be had.
  explicit signal_watch(std::vector<int> const& signals);
  ~signal_watch() { end(); }
  signal_watch(signal_watch const&) = delete;
  signal_watch& operator=(signal_watch const&) = delete;

  // From now on there is somebody to cancel; a signal that has come already does so at once. The caller keeps the task alive.
  void attach(future_core& main) noexcept;
  // Gives the signals back. An action that somebody has put in the place of ours is left alone. Idempotent.
  void end() noexcept;

 private:
  friend struct signal_desk;
  void ask(int signal) noexcept;

  std::uint64_t const signals_;  // bit n - 1: signal n
  future_core* main_ = nullptr;
  int asked_ = 0;                // the signal that it had
  bool ended_ = false;
};

// Throws std::invalid_argument if one of them is no signal, cannot be caught, or reports a fault of the program.
void require_catchable(std::vector<int> const& signals);

}  // namespace weft::detail
