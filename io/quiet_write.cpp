#include "io/quiet_write.hpp"

#include <csignal>
#include <ctime>

#include <unistd.h>

#include "io/attempt.hpp"

namespace weft::detail {

// The signal of a write comes to the thread that writes: blocked there meanwhile, it is taken back before it is let through again. To
// ignore it would be a matter of the whole process, and of its children. One that was pending before is the program's own, and stays.
ssize_t quiet_write(int fd, void const* from, std::size_t n) noexcept {
  sigset_t broken, before, pending;
  ::sigemptyset(&broken);
  ::sigaddset(&broken, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken, &before);
  ::sigpending(&pending);
  auto const result = or_error(::write(fd, from, n));
  if (result == -EPIPE && ::sigismember(&pending, SIGPIPE) == 0) {
    timespec const at_once{};
    while (::sigtimedwait(&broken, nullptr, &at_once) < 0 && last_error() == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return result;
}

}  // namespace weft::detail
