#include "runtime/signal_watch.hpp"

#include <cstring>
#include <new>
#include <string>

#include "runtime/runtime_core.hpp"

namespace weft::detail {
namespace {

std::string name_of_signal(int signal) {
#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 32)
  if (char const* const name = ::sigabbrev_np(signal)) return std::string("SIG") + name;
#endif
#endif
  return "signal " + std::to_string(signal);
}

}  // namespace

void signal_watch::attach(future_core& main) noexcept {
  auto const lock = hold();
  main_ = &main;
  if (asked_ != 0) ask(asked_);
}

signal_watch::answer signal_watch::hear(int signal) noexcept {
  if (main_ != nullptr && main_->done()) return answer::gone;
  if (asked_ != 0) return answer::refused;
  ask(signal);
  return answer::taken;
}

// Under the lock.
void signal_watch::ask(int signal) noexcept {
  asked_ = signal;
  if (main_ == nullptr) return;
  try {
    (void)request_cancel(*main_, cancel_cause::signal, "cancelled by " + name_of_signal(signal));
  } catch (std::bad_alloc const&) {
    (void)request_cancel(*main_, cancel_cause::signal, {});
  }
}

}  // namespace weft::detail
