#include "io/reactor.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <tuple>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/attempt.hpp"
#include "runtime/runtime_core.hpp"

namespace weft::detail {
namespace {

constexpr std::uint64_t the_bell = 0;

std::uint64_t next_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::int64_t steady_now() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

// With a resolution of nanoseconds where the kernel has it (5.11), else of milliseconds, rounded up.
int wait_for_events(int epoll, epoll_event* events, int n, std::int64_t until) noexcept {
  std::int64_t const left = until == no_limit ? -1 : std::max<std::int64_t>(until - steady_now(), 0);
#ifdef SYS_epoll_pwait2
  static std::atomic<bool> has_pwait2{true};
  if (left > 0 && has_pwait2.load(std::memory_order_relaxed)) {
    timespec const t{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
    auto const got = static_cast<int>(::syscall(SYS_epoll_pwait2, epoll, events, n, &t, nullptr, std::size_t{0}));
    if (got >= 0 || errno == EINTR) return got;  // ENOSYS; or EPERM, from filters that do not know it
    has_pwait2.store(false, std::memory_order_relaxed);
  }
#endif
  constexpr std::int64_t longest_ms = 1'000'000'000;
  return ::epoll_wait(epoll, events, n, left < 0 ? -1 : static_cast<int>(std::min((left + 999'999) / 1'000'000, longest_ms)));
}

}  // namespace

reactor* reactor::here() {
  future_core const* const self = current_core();
  if (self == nullptr) return nullptr;
  scheduler& s = *self->rt.load(std::memory_order_relaxed)->sched;
  if (idle_driver* const d = s.driver()) return static_cast<reactor*>(d);
  if (s.options.world != nullptr) throw std::logic_error("weft: no I/O in a simulation, whose time is not that of the kernel");
  return static_cast<reactor*>(&s.install(std::make_unique<reactor>()));
}

reactor::reactor() : id_(next_id()) {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw std::system_error(errno, std::system_category(), "weft: epoll_create1");
  bell_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.u64 = the_bell;
  if (bell_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, bell_, &e) != 0) {
    int const why = errno;
    if (bell_ >= 0) ::close(bell_);
    ::close(epoll_);
    throw std::system_error(why, std::system_category(), "weft: eventfd for a reactor");
  }
}

reactor::~reactor() {
  ::close(bell_);
  ::close(epoll_);
}

int reactor::enter(int fd, descriptor& d) noexcept {
  epoll_event e{};
  e.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  e.data.u64 = d.tag();
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e) == 0) return 0;
  // It is there already: by another task of the same stream; or by one that had this number before, of a file that a dup(2) keeps alive.
  if (last_error() == EEXIST && ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &e) == 0) return 0;
  return last_error();
}

void reactor::leave(int fd) noexcept { (void)::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

// True: the bell has been rung.
bool reactor::fetch(std::int64_t until, driver_events& a) noexcept {
  bool rung = false;
  epoll_event events[std::tuple_size_v<decltype(a.all)>];
  int const n = wait_for_events(epoll_, events, static_cast<int>(std::size(events)), until);
  a.count = 0;
  for (int i = 0; i < n; ++i) {
    if (events[i].data.u64 == the_bell) {
      rung = true;
    } else {
      a.all[a.count++] = {events[i].data.u64, events[i].events};
    }
  }
  return rung;
}

// Only here the bell is silenced: a poll() that did it would have the keeper, whom it was for, sleep on.
void reactor::wait(std::int64_t until, driver_events& a) noexcept {
  if (!fetch(until, a)) return;
  std::uint64_t rings = 0;
  [[maybe_unused]] auto const n = ::read(bell_, &rings, sizeof rings);
}

void reactor::deliver(driver_events& a) noexcept {
  constexpr std::uint32_t of_both = EPOLLHUP | EPOLLERR, of_reading = EPOLLIN | EPOLLRDHUP | EPOLLPRI;
  for (std::size_t i = 0; i != a.count; ++i) {
    auto const [whom, what] = a.all[i];
    descriptor* const d = descriptor::find(whom);
    if (d == nullptr) continue;
    if ((what & (EPOLLRDHUP | EPOLLPRI | of_both)) != 0) d->happened_extraordinarily();
    if ((what & (EPOLLRDHUP | of_both)) != 0) d->peer_went();
    if ((what & (of_reading | of_both)) != 0) d->happened(direction::reading);
    if ((what & (EPOLLOUT | of_both)) != 0) d->happened(direction::writing);
  }
  a.count = 0;
}

bool reactor::poll() noexcept {
  driver_events a;
  (void)fetch(0, a);
  if (a.count == 0) return false;
  deliver(a);
  return true;
}

void reactor::wake() noexcept {
  std::uint64_t const one = 1;
  [[maybe_unused]] auto const n = ::write(bell_, &one, sizeof one);
}

}  // namespace weft::detail
