#pragma once
// attempt: the one loop of every operation on a descriptor. Tries; while that would block, waits for an edge and tries again.
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include <sys/types.h>

#include "scheduler/scheduler.hpp"
#include <weft/detail/descriptor.hpp>

namespace weft::detail {

// Of the last call of the system. Not inlined: errno's address is another one when the task has changed its thread.
[[nodiscard]] int last_error() noexcept;
// What the call has returned, or -errno.
[[nodiscard]] inline ssize_t or_error(ssize_t returned) noexcept { return returned >= 0 ? returned : -last_error(); }

[[noreturn]] void fail(int error, std::string const& what);  // std::system_error of the errno

// A task whose calls never have to wait lets others run all the same, now and then.
void give_way() noexcept;

// Throws what an end stands for, unless it is done: system_error, timeout_error, logic_error.
void check(io_end const&, char const* what);
// The same as a code; busy is a mistake of the program's and throws.
[[nodiscard]] std::error_code code_of(io_end const&, char const* what);

// The right to use a descriptor in one direction.
class use {
 public:
  use(descriptor* d, direction way, descriptor::sharing s) noexcept
      : d_(d), way_(way), sharing_(s), entered(d != nullptr ? d->enter(way, s) : io_end::closed) {}
  ~use() {
    if (entered == io_end::done) d_->leave(way_, sharing_);
  }
  use(use const&) = delete;
  use& operator=(use const&) = delete;

  [[nodiscard]] descriptor& core() const noexcept { return *d_; }

 private:
  descriptor* const d_;
  direction const way_;
  descriptor::sharing const sharing_;

 public:
  io_end::kind const entered;
};

// S  once(fd): what the call has moved or made, or -errno; it does not touch errno itself. By a user of d; one that reads bytes
// alone says how many it asks for.
template <class Once>
io_end attempt_once(descriptor& d, direction way, std::int64_t until, Once&& once, std::size_t asked = 0) {
  for (;;) {
    auto const seen = d.edges(way);
    ssize_t const n = asked != 0 && d.still_drained(seen) ? -EAGAIN : once(d.fd());
    if (n >= 0) {
      if (n != 0 && static_cast<std::size_t>(n) < asked) d.drained(seen);
      give_way();
      return {io_end::done, 0, static_cast<std::size_t>(n)};
    }
    auto const error = static_cast<int>(-n);
    if (error == EINTR) continue;
    if (error != EAGAIN && error != EWOULDBLOCK) return {io_end::failed, error, 0};
    if (d.closing()) return {io_end::closed, 0, 0};
    if (auto const end = d.wait(way, seen, until); end.what != io_end::done) return end;
    if (d.closing()) return {io_end::closed, 0, 0};
  }
}

template <class Once>
io_end attempt(descriptor* d, direction way, descriptor::sharing s, std::int64_t until, Once&& once) {
  checkpoint();
  use const mine(d, way, s);
  if (mine.entered != io_end::done) return {mine.entered, 0, 0};
  return attempt_once(mine.core(), way, until, std::forward<Once>(once));
}

}  // namespace weft::detail
