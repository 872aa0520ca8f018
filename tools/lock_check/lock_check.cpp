// libweft_lock_check.so: stands in for the functions that take and release pthread's locks, and keeps books, per thread, of those that
// are held. It has to come before the C library: by LD_PRELOAD, or by being linked to the program. Everything is passed on; what the
// books say is asked for by weft's debug reports (runtime/inspection/held_lock.hpp).
//
// A lock that is released by another thread than the one that took it stays in that one's books until they are asked for; a release that
// the books do not know changes nothing. So they may miss something then, and never drift. pthread_cond_wait() gives the lock back and
// has it again when it returns: nothing to enter. What the C library locks for itself does not come by here.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <ctime>

#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include "runtime/inspection/held_lock.hpp"

namespace {

// Allocates nothing, and needs no call to be found: an allocator's locks come by here, too.
class books {
 public:
  void enter(void const volatile* lock, void const* taken_at) noexcept {
    if (size_ != most) held_[size_++] = {lock, taken_at};
  }
  void strike(void const volatile* lock) noexcept {
    for (std::size_t i = size_; i-- != 0;) {
      if (held_[i].lock != lock) continue;
      for (--size_; i != size_; ++i) held_[i] = held_[i + 1];
      return;
    }
  }
  std::size_t take(weft_held_lock* out, std::size_t n) noexcept {
    if (n > size_) n = size_;
    for (std::size_t i = 0; i != n; ++i) out[i] = held_[i];
    size_ = 0;
    return n;
  }

 private:
  static constexpr std::size_t most = 32;  // further ones are not entered
  std::size_t size_ = 0;
  weft_held_lock held_[most] = {};
};

[[gnu::tls_model("initial-exec")]] constinit thread_local books mine;

// The function that this library hides.
template <class F>
class hidden {
 public:
  explicit constexpr hidden(char const* name) noexcept : name_(name) {}

  template <class... Args>
  int operator()(Args... args) noexcept {
    F* f = found_.load(std::memory_order_relaxed);
    if (f == nullptr) {
      f = reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name_));
      if (f == nullptr) missing();
      found_.store(f, std::memory_order_relaxed);
    }
    return f(args...);
  }

 private:
  [[noreturn]] static void missing() noexcept {
    static constexpr char text[] = "libweft_lock_check.so: the C library lacks a function of pthread's locks\n";
    [[maybe_unused]] auto const n = ::write(STDERR_FILENO, text, sizeof text - 1);
    std::abort();
  }
  char const* const name_;
  std::atomic<F*> found_{nullptr};
};

int taken(int result, void const volatile* lock, void const* at) noexcept {
  if (result == 0 || result == EOWNERDEAD) mine.enter(lock, at);
  return result;
}

int released(int result, void const volatile* lock) noexcept {
  if (result == 0) mine.strike(lock);
  return result;
}

}  // namespace

#define WEFT_TAKES(function, type)                                     \
  extern "C" int function(type* lock) noexcept {                       \
    static constinit hidden<int(type*)> original{#function};           \
    return taken(original(lock), lock, __builtin_return_address(0));   \
  }
#define WEFT_TAKES_UNTIL(function, type)                                      \
  extern "C" int function(type* lock, timespec const* until) noexcept {       \
    static constinit hidden<int(type*, timespec const*)> original{#function}; \
    return taken(original(lock, until), lock, __builtin_return_address(0));   \
  }
#define WEFT_TAKES_UNTIL_BY(function, type)                                              \
  extern "C" int function(type* lock, clockid_t clock, timespec const* until) noexcept { \
    static constinit hidden<int(type*, clockid_t, timespec const*)> original{#function}; \
    return taken(original(lock, clock, until), lock, __builtin_return_address(0));       \
  }
#define WEFT_RELEASES(function, type)                        \
  extern "C" int function(type* lock) noexcept {             \
    static constinit hidden<int(type*)> original{#function}; \
    return released(original(lock), lock);                   \
  }

WEFT_TAKES(pthread_mutex_lock, pthread_mutex_t)
WEFT_TAKES(pthread_mutex_trylock, pthread_mutex_t)
WEFT_TAKES_UNTIL(pthread_mutex_timedlock, pthread_mutex_t)
WEFT_TAKES_UNTIL_BY(pthread_mutex_clocklock, pthread_mutex_t)
WEFT_RELEASES(pthread_mutex_unlock, pthread_mutex_t)

WEFT_TAKES(pthread_rwlock_rdlock, pthread_rwlock_t)
WEFT_TAKES(pthread_rwlock_tryrdlock, pthread_rwlock_t)
WEFT_TAKES_UNTIL(pthread_rwlock_timedrdlock, pthread_rwlock_t)
WEFT_TAKES_UNTIL_BY(pthread_rwlock_clockrdlock, pthread_rwlock_t)
WEFT_TAKES(pthread_rwlock_wrlock, pthread_rwlock_t)
WEFT_TAKES(pthread_rwlock_trywrlock, pthread_rwlock_t)
WEFT_TAKES_UNTIL(pthread_rwlock_timedwrlock, pthread_rwlock_t)
WEFT_TAKES_UNTIL_BY(pthread_rwlock_clockwrlock, pthread_rwlock_t)
WEFT_RELEASES(pthread_rwlock_unlock, pthread_rwlock_t)

WEFT_TAKES(pthread_spin_lock, pthread_spinlock_t)
WEFT_TAKES(pthread_spin_trylock, pthread_spinlock_t)
WEFT_RELEASES(pthread_spin_unlock, pthread_spinlock_t)

extern "C" std::size_t weft_take_held_locks(weft_held_lock* out, std::size_t most) noexcept { return mine.take(out, most); }
