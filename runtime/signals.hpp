#pragma once
// signal_listener: who takes signals over, and gives them back. Several may have the same one.
//
// A handler does nothing but write to its signal's eventfd. One thread for all listeners, which exists while there is one, reads
// those and tells each listener that names the signal. If none takes it, and some have refused it, it gets its default action.
#include <csignal>
#include <cstdint>
#include <mutex>
#include <vector>

namespace weft::detail {

[[nodiscard]] constexpr std::uint64_t bit_of(int signal) noexcept { return std::uint64_t{1} << (signal - 1); }
[[nodiscard]] std::uint64_t all_of(std::vector<int> const& signals) noexcept;
// Throws std::invalid_argument, which begins with `whose`, if one of them is no signal, cannot be caught, or reports a fault of the program.
void require_catchable(std::vector<int> const& signals, char const* whose);

class signal_listener {
 public:
  signal_listener(signal_listener const&) = delete;
  signal_listener& operator=(signal_listener const&) = delete;

  // Gives the signals back. An action that somebody has put in the place of ours is left alone. Idempotent.
  void end() noexcept;

 protected:
  explicit signal_listener(std::vector<int> const& signals) noexcept : signals_(all_of(signals)) {}
  ~signal_listener() = default;  // to be ended before
  // Takes the signals over, whatever was there before, SIG_IGN too. std::system_error: no descriptor or thread to be had.
  void begin();

  enum class answer { taken, refused, gone };  // gone: it should have ended already
  // One of its signals has come. By that thread, under the lock.
  virtual answer hear(int signal) noexcept = 0;
  [[nodiscard]] static std::unique_lock<std::mutex> hold();

 private:
  friend struct signal_desk;
  std::uint64_t const signals_;  // see bit_of
  bool ended_ = false;
};

}  // namespace weft::detail
