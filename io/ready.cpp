#include <weft/ready.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "io/attempt.hpp"
#include "io/reactor.hpp"
#include "io/socket.hpp"
#include <weft/errors.hpp>

namespace weft {
namespace {

using detail::direction;
using detail::fail;

constexpr short to_read = POLLIN | POLLRDHUP, to_write = POLLOUT, both = to_read | to_write;
constexpr short for_either = POLLHUP | POLLERR;  // comes unasked: neither would block

// What of it is ready; 0: nothing. `until` by the kernel's clock.
short poll_until(int fd, short ways, std::int64_t until, char const* what) {
  ::pollfd one{fd, ways, 0};
  for (;;) {
    timespec left{};
    if (until != detail::no_limit) {
      auto const ns = std::max<std::int64_t>(until - detail::now_ns(), 0);
      left = {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
    }
    int const n = ::ppoll(&one, 1, until == detail::no_limit ? nullptr : &left, nullptr);
    if (n > 0 && (one.revents & POLLNVAL) != 0) fail(EBADF, what);
    if (n >= 0) return one.revents;
    if (int const error = detail::last_error(); error != EINTR) fail(error, what);
  }
}

// Entered into the reactor for this one wait: a copy, since a set holds a number once, and it may be one of weft's own streams.
class visit {
 public:
  visit(detail::reactor& r, int fd)
      : in_(r), copy_(::fcntl(fd, F_DUPFD_CLOEXEC, 0)), no_copy_(copy_.get() < 0 ? detail::last_error() : 0),
        core_(detail::descriptor::borrow(copy_.get(), r)), error_(no_copy_ != 0 ? no_copy_ : r.enter(copy_.get(), core_)) {}
  ~visit() {
    if (error_ == 0) in_.leave(copy_.get());
    core_.drop();
  }
  visit(visit const&) = delete;
  visit& operator=(visit const&) = delete;

  [[nodiscard]] int error() const noexcept { return error_; }
  [[nodiscard]] detail::descriptor& core() noexcept { return core_; }

 private:
  detail::reactor& in_;
  detail::unique_fd const copy_;
  int const no_copy_;
  detail::descriptor& core_;
  int const error_;
};

short wait(int fd, short ways, std::int64_t until, char const* what) {
  detail::checkpoint();
  if (fd < 0) fail(EBADF, what);  // poll() passes over those
  if (auto const ready = poll_until(fd, ways, 0, what)) {
    detail::give_way();
    return ready;
  }
  detail::reactor* const r = detail::reactor::here();
  if (r == nullptr) {
    auto const ready = poll_until(fd, ways, until, what);
    if (ready == 0) throw timeout_error(std::string("weft: ") + what + " timed out");
    return ready;
  }
  visit mine(*r, fd);
  if (mine.error() == EPERM) return ways;  // a file that has no such states
  if (mine.error() != 0) fail(mine.error(), what);
  // An edge is no promise, and those that were there before the visit count as well.
  for (detail::descriptor& d = mine.core();;) {
    auto const in = d.edges(direction::reading), out = d.edges(direction::writing);
    if (auto const ready = poll_until(fd, ways, 0, what)) return ready;
    auto const end = ways == both      ? d.wait_either(in, out, until)
                     : ways == to_read ? d.wait(direction::reading, in, until)
                                       : d.wait(direction::writing, out, until);
    detail::check(end, what);
  }
}

}  // namespace

void wait_readable(int fd, deadline d) { (void)wait(fd, to_read, d.ns(), "wait_readable"); }
void wait_writable(int fd, deadline d) { (void)wait(fd, to_write, d.ns(), "wait_writable"); }

readiness wait_ready(int fd, deadline d) {
  auto const ready = wait(fd, both, d.ns(), "wait_ready");
  return {(ready & (to_read | for_either)) != 0, (ready & (to_write | for_either)) != 0};
}

}  // namespace weft
