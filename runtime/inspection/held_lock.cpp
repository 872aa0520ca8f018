// A lock of the system over a suspension: the task may go on on another thread, which cannot unlock it, and until it does, another task
// that wants the lock stops its whole thread. What is told of once is no longer the thread's: it goes on with the task.
#include "runtime/inspection/held_lock.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <unwind.h>

#include "runtime/inspection/debug.hpp"
#include "runtime/inspection/report.hpp"
#include "runtime/inspection/stderr.hpp"
#include "runtime/inspection/symbol.hpp"
#include "scheduler/sanitizers.hpp"

namespace weft::detail {
namespace {

#if defined(WEFT_ASAN) || defined(WEFT_TSAN)
constexpr bool sanitizer_stands_in = true;
#else
constexpr bool sanitizer_stands_in = false;
#endif
constexpr std::size_t most_locks = 16, most_frames = 32;

using asking = decltype(&weft_take_held_locks);

asking ask() noexcept {
  static auto const found = reinterpret_cast<asking>(::dlsym(RTLD_DEFAULT, "weft_take_held_locks"));
  return found;
}

// backtrace() would load the unwinder on the task's stack.
std::vector<void*> where_it_is() {
  std::vector<void*> frames;
  frames.reserve(most_frames);
  ::_Unwind_Backtrace(
      [](_Unwind_Context* at, void* out) {
        auto& all = *static_cast<std::vector<void*>*>(out);
        auto const address = ::_Unwind_GetIP(at);
        if (address == 0 || all.size() == most_frames) return _URC_END_OF_STACK;
        all.push_back(reinterpret_cast<void*>(address));
        return _URC_NO_REASON;
      },
      &frames);
  return frames;
}

std::string text_of(future_core& who, std::span<weft_held_lock const> locks, std::vector<void*> const& frames) {
  std::string text = "weft: ";
  text += introduce(who);
  text += " suspends with a lock of the system held (a std::mutex or the like): it may go on, and unlock, on another thread, and who wants the "
          "lock meanwhile stops a whole worker. A weft::mutex may be held\n";
  for (auto const& l : locks) text += "  taken at:\n    " + describe_frame(const_cast<void*>(l.taken_at)) + '\n';
  text += "  suspends at:\n";
  for (void* const frame : frames) text += "    " + describe_frame(frame) + '\n';
  return text;
}

// On a thread of its own: names take more stack than a task may have left. Without optimisation all locks are taken in one place.
void report(future_core& who, std::span<weft_held_lock const> locks) {
  auto const site = who.site.load(std::memory_order_relaxed);
  std::string place = site.file_name();
  for (auto const n : {std::uintptr_t{site.line()}, reinterpret_cast<std::uintptr_t>(locks.back().taken_at)}) {
    place += ' ';
    place += std::to_string(n);
  }
  if (!who.rt.load(std::memory_order_relaxed)->debug->is_new(std::move(place))) return;
  auto const frames = where_it_is();
  std::thread([&]() noexcept {
    try {
      write_to_stderr(text_of(who, locks, frames));
    } catch (std::bad_alloc const&) {
    }
  }).join();
}

void look_for_held_locks(fiber const& f) noexcept {
  std::array<weft_held_lock, most_locks> held;
  auto const n = ask()(held.data(), held.size());
  auto* const who = static_cast<future_core*>(f.current.load(std::memory_order_relaxed));
  if (n == 0 || who == nullptr) return;
  int const saved = errno;
  try {
    report(*who, {held.data(), n});
  } catch (std::exception const&) {  // no memory or thread for it
  }
  errno = saved;
}

}  // namespace

suspend_watcher held_lock_watcher() noexcept {
  if (ask() == nullptr) return nullptr;
  if (!sanitizer_stands_in) return &look_for_held_locks;
  [[maybe_unused]] static bool const told = [] {
    write_to_stderr("weft: sanitizers stand in for the functions of locks themselves: libweft_lock_check.so is loaded, and not asked\n");
    return true;
  }();
  return nullptr;
}

void forget_held_locks() noexcept {
  if (ask() != nullptr) (void)ask()(nullptr, 0);
}

}  // namespace weft::detail
