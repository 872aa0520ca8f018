#include "io/attempt.hpp"

#include <stdexcept>
#include <string>

#include <weft/errors.hpp>
#include <weft/io_error.hpp>

namespace weft {

eof_error::eof_error(std::size_t transferred)
    : std::runtime_error("weft: the stream has ended after " + std::to_string(transferred) + " bytes, more were expected"),
      transferred_(transferred) {}

namespace {
class io_errors final : public std::error_category {
  [[nodiscard]] char const* name() const noexcept override { return "weft.io"; }
  [[nodiscard]] std::string message(int) const override { return "end of stream"; }
};
}  // namespace

std::error_category const& io_category() noexcept {
  static io_errors const category;
  return category;
}

namespace detail {

[[gnu::noinline]] int last_error() noexcept {
  asm volatile("" ::: "memory");
  return errno;
}

void fail(int error, std::string const& what) { throw std::system_error(error, std::system_category(), "weft: " + what); }

void give_way() noexcept {
  constexpr std::int64_t slice = 1'000'000;
  worker* const w = worker::current();
  if (w == nullptr || !w->tick()) return;
  if (w->slice_is_over(slice)) {
    w->yield();
  } else {
    w->visit();
  }
}

std::error_code code_of(io_end const& end, char const* what) {
  switch (end.what) {
    case io_end::done: break;
    case io_end::failed: return {end.error, std::system_category()};
    case io_end::late: return std::make_error_code(std::errc::timed_out);
    case io_end::closed: return std::make_error_code(std::errc::operation_canceled);
    case io_end::busy: throw std::logic_error(std::string("weft: ") + what + ": another task is doing it on the same stream");
  }
  return {};
}

void check(io_end const& end, char const* what) {
  if (end.what == io_end::done) return;
  if (end.what == io_end::late) throw timeout_error(std::string("weft: ") + what + " timed out");
  throw std::system_error(code_of(end, what), std::string("weft: ") + what);
}

}  // namespace detail
}  // namespace weft
