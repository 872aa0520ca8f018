// Signals to eventfds to one thread to listeners.
#include "runtime/signals.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime/runtime_core.hpp"
#include "scheduler/sanitizers.hpp"

namespace weft::detail {
namespace {

#if defined(WEFT_TSAN)
constexpr int restart = 0;  // TSan runs a handler at the thread's next atomic access: waits on a futex have to come back for it
#else
constexpr int restart = SA_RESTART;
#endif

constexpr int last_signal = 64;
static_assert(_NSIG - 1 <= last_signal);

// What handlers read. An eventfd that was once made is never closed: a handler on its way may still write to it.
struct descriptor : std::atomic<int> {
  constexpr descriptor() noexcept : std::atomic<int>(-1) {}
};
constinit std::array<descriptor, last_signal + 1> all_arrivals;
descriptor& arrivals(int signal) noexcept { return all_arrivals[static_cast<std::size_t>(signal)]; }
constinit std::atomic<pid_t> process{0};

void set_default(int signal) noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(signal, &action, nullptr);
}

void on_signal(int signal) noexcept {
  int const saved = errno;
  if (::getpid() == process.load(std::memory_order_relaxed)) {
    std::uint64_t const one = 1;
    [[maybe_unused]] auto const n = ::write(arrivals(signal).load(std::memory_order_acquire), &one, sizeof one);
  } else {  // a child that was forked and has not called exec yet: not our signal to count
    set_default(signal);
    ::raise(signal);
  }
  errno = saved;
}

int new_eventfd() {
  int const fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "weft: no eventfd for signals");
  return fd;
}

std::uint64_t take(int fd) noexcept {
  std::uint64_t n = 0;
  return ::read(fd, &n, sizeof n) == sizeof n ? n : 0;
}

}  // namespace

// Process-wide, and never destroyed: std::exit may come from inside a task.
struct signal_desk {
  std::mutex changing;                 // listeners come and go one at a time
  std::mutex lock;                     // all below; never held while `thread` is waited for
  std::vector<signal_listener*> listeners;
  std::array<struct sigaction, last_signal + 1> before{};
  std::uint64_t taken = 0;             // signals whose action is ours, or the default one that we have set
  std::uint64_t defaulted = 0;         // the latter
  int wake = -1;
  bool stopping = false;
  std::thread thread;

  static signal_desk& of_process() {
    static auto* const desk = new signal_desk;
    return *desk;
  }

  template <class F>
  static void each_signal(std::uint64_t set, F&& f) {
    for (int s = 1; s <= last_signal; ++s) {
      if ((set & bit_of(s)) != 0) f(s);
    }
  }

  void add(signal_listener& l) {
    std::lock_guard one{changing};
    {
      std::lock_guard guard{lock};
      adopt_process();
      if (wake < 0) wake = new_eventfd();
      each_signal(l.signals_ & ~taken, [](int s) {
        auto& fd = arrivals(s);
        if (fd.load(std::memory_order_relaxed) < 0) fd.store(new_eventfd(), std::memory_order_release);
        (void)take(fd.load(std::memory_order_relaxed));  // what a handler wrote when nobody listened any more
      });
      listeners.push_back(&l);
      stopping = false;
    }
    try {
      if (!thread.joinable()) thread = std::thread([this] { serve(); });
    } catch (...) {
      listeners.pop_back();
      throw;
    }
    std::lock_guard guard{lock};
    each_signal(l.signals_ & (~taken | defaulted), [this](int s) {
      struct sigaction action {};
      action.sa_handler = on_signal;
      action.sa_flags = SA_ONSTACK | restart;  // a fiber's stack may be near its end
      ::sigaction(s, &action, (taken & bit_of(s)) != 0 ? nullptr : &before[static_cast<std::size_t>(s)]);
    });
    taken |= l.signals_;
    defaulted &= ~l.signals_;
    wake_up();  // it has more to listen to
  }

  void remove(signal_listener& l) noexcept {
    std::lock_guard one{changing};
    {
      std::lock_guard guard{lock};
      std::erase(listeners, &l);
      std::uint64_t wanted = 0;
      for (auto const* other : listeners) wanted |= other->signals_;
      each_signal(taken & ~wanted, [this](int s) { give_back(s); });
      taken &= wanted;
      if (!listeners.empty()) return;
      stopping = true;
      wake_up();
    }
    thread.join();
  }

 private:
  // A forked child's eventfds are its own, not its parent's.
  void adopt_process() noexcept {
    if (process.load(std::memory_order_relaxed) == ::getpid()) return;
    if (wake >= 0) ::close(wake);
    wake = -1;
    for (auto& fd : all_arrivals) {
      if (int const old = fd.exchange(-1, std::memory_order_relaxed); old >= 0) ::close(old);
    }
    process.store(::getpid(), std::memory_order_relaxed);
  }

  void give_back(int s) noexcept {
    struct sigaction now {};
    ::sigaction(s, nullptr, &now);
    bool const plain = (now.sa_flags & static_cast<int>(SA_SIGINFO)) == 0;
    bool const set_by_us = plain && (now.sa_handler == on_signal || ((defaulted & bit_of(s)) != 0 && now.sa_handler == SIG_DFL));
    defaulted &= ~bit_of(s);
    if (set_by_us) ::sigaction(s, &before[static_cast<std::size_t>(s)], nullptr);
  }

  void wake_up() const noexcept {
    std::uint64_t const one = 1;
    [[maybe_unused]] auto const n = ::write(wake, &one, sizeof one);
  }

  void serve() noexcept {
    ::pthread_setname_np(::pthread_self(), "weft/signals");
    std::array<::pollfd, last_signal + 1> fds;
    std::array<int, last_signal + 1> signals;
    for (;;) {
      std::size_t n = 0;
      {
        std::lock_guard guard{lock};
        if (stopping) return;
        fds[n++] = {wake, POLLIN, 0};
        std::uint64_t wanted = 0;
        for (auto const* l : listeners) wanted |= l->signals_;
        each_signal(wanted, [&](int s) {
          signals[n] = s;
          fds[n++] = {arrivals(s).load(std::memory_order_relaxed), POLLIN, 0};
        });
      }
      if (::poll(fds.data(), n, -1) <= 0) continue;
      (void)take(fds[0].fd);
      std::lock_guard guard{lock};
      for (std::size_t i = 1; i != n; ++i) {
        for (auto times = fds[i].revents != 0 ? take(fds[i].fd) : 0; times != 0; --times) deliver(signals[i]);
      }
    }
  }

  void deliver(int s) noexcept {
    bool heard = false, too_late = true;
    for (auto* l : listeners) {
      if ((l->signals_ & bit_of(s)) == 0) continue;
      auto const answer = l->hear(s);
      if (answer == signal_listener::answer::taken) heard = true;
      if (answer != signal_listener::answer::gone) too_late = false;
    }
    if (heard || too_late) return;
    set_default(s);
    defaulted |= bit_of(s);
    ::kill(::getpid(), s);
  }
};

void signal_listener::begin() { signal_desk::of_process().add(*this); }

void signal_listener::end() noexcept {
  if (!std::exchange(ended_, true)) signal_desk::of_process().remove(*this);
}

std::unique_lock<std::mutex> signal_listener::hold() { return std::unique_lock(signal_desk::of_process().lock); }

std::uint64_t all_of(std::vector<int> const& signals) noexcept {
  std::uint64_t all = 0;
  for (int const s : signals) all |= bit_of(s);
  return all;
}

void require_catchable(std::vector<int> const& signals, char const* whose) {
  constexpr int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
  for (int const s : signals) {
    std::string const which = std::string("weft: ") + whose + ": " + std::to_string(s);
    struct sigaction now {};
    if (s < 1 || s > last_signal || s == SIGKILL || s == SIGSTOP || ::sigaction(s, nullptr, &now) != 0) {
      throw std::invalid_argument(which + " is no signal that can be caught");
    }
    if (std::find(std::begin(faults), std::end(faults), s) != std::end(faults)) {
      throw std::invalid_argument(which + " reports a fault of the program, which cannot go on");
    }
  }
}

}  // namespace weft::detail
