#pragma once
// thread_setting: what a thread's children get from it: which signals it takes, and which CPUs.
#include <pthread.h>
#include <sched.h>
#include <signal.h>

namespace weft::detail {

class thread_setting {
 public:
  // The calling thread's.
  thread_setting() noexcept {
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked_);
    cpus_known_ = ::pthread_getaffinity_np(::pthread_self(), sizeof cpus_, &cpus_) == 0;
  }
  // By the calling thread.
  void take_on() const noexcept {
    if (cpus_known_) ::pthread_setaffinity_np(::pthread_self(), sizeof cpus_, &cpus_);
    ::pthread_sigmask(SIG_SETMASK, &blocked_, nullptr);
  }

 private:
  sigset_t blocked_{};
  cpu_set_t cpus_{};
  bool cpus_known_ = false;  // not on machines with more CPUs than that holds
};

// Signals are the program's business: a thread that is made while this lives handles none.
class without_signals {
 public:
  without_signals() noexcept {
    sigset_t every;
    ::sigfillset(&every);
    ::pthread_sigmask(SIG_SETMASK, &every, &before_);
  }
  without_signals(without_signals const&) = delete;
  without_signals& operator=(without_signals const&) = delete;
  ~without_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace weft::detail
