#include "io/accept.hpp"

#include <cerrno>

#include <sys/socket.h>

#include "io/attempt.hpp"
#include <weft/task.hpp>

namespace weft::detail {
namespace {

// Of a connection that has gone before it was accepted: nobody's business but its peer's.
bool is_of_that_connection(int error) noexcept {
  return error == ECONNABORTED || error == EPROTO || error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET ||
         error == EHOSTUNREACH || error == ENETUNREACH || error == ENETDOWN;
}
bool may_pass(int error) noexcept { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

// Pauses are waits for what a listener never is, writable: only close() ends them early.
io_end accept_from(descriptor* listener, std::int64_t until) {
  checkpoint();
  use const mine(listener, direction::reading, descriptor::sharing::shared);
  if (mine.entered != io_end::done) return {mine.entered, 0, 0};
  descriptor& d = mine.core();
  for (retry_pauses pauses(5'000'000, 500'000'000);;) {
    auto const seen = d.edges(direction::writing);
    auto const end = attempt_once(d, direction::reading, until, [](int fd) {
      return or_error(::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    });
    if (end.what != io_end::failed || !(is_of_that_connection(end.error) || may_pass(end.error))) return end;
    if (d.closing()) return {io_end::closed, 0, 0};
    if (is_of_that_connection(end.error)) continue;
    auto const now = now_ns();
    if (now >= until) return {io_end::late, 0, 0};
    auto const next = pauses.next(now, until);
    if (d.wait(direction::writing, seen, next).what == io_end::failed) this_task::sleep_until(clock::time_point(clock::duration(next)));  // no reactor
  }
}

}  // namespace weft::detail
