#include <weft/stream.hpp>

#include <algorithm>
#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

#include "io/attempt.hpp"
#include "io/quiet_write.hpp"

namespace weft {

using detail::direction;
using detail::io_end;

namespace {

constexpr auto alone = detail::descriptor::sharing::alone;
constexpr std::size_t chunk = 4096;  // of read_until

// By a user of d. once(fd, moved) moves more of `size`, until at least so many bytes have been moved. `n` counts them in every case;
// done with less: the end of the stream. Between two calls that have not had to wait the deadline and close() are looked at, too.
template <class Once>
io_end move_bytes(detail::descriptor& d, direction way, std::size_t size, std::size_t at_least, Once&& once) {
  std::size_t moved = 0;
  for (;;) {
    auto const until = d.limit_of(way);
    if (moved != 0 && d.closing()) return {io_end::closed, 0, moved};
    if (moved != 0 && until != detail::no_limit && detail::has_come(until)) return {io_end::late, 0, moved};
    auto const asked = way == direction::reading ? size - moved : 0;
    auto end = detail::attempt_once(d, way, detail::no_limit, [&](int fd) { return once(fd, moved); }, asked);
    moved += end.n;
    if (end.what != io_end::done || end.n == 0 || moved >= at_least) {
      end.n = moved;
      return end;
    }
  }
}

io_end receive(detail::descriptor& d, std::span<std::byte> into, std::size_t at_least) {
  return move_bytes(d, direction::reading, into.size(), at_least, [&](int fd, std::size_t moved) {
    auto const got = detail::or_error(::recv(fd, into.data() + moved, into.size() - moved, 0));
    return got == -ENOTSOCK ? detail::or_error(::read(fd, into.data() + moved, into.size() - moved)) : got;
  });
}

// n: where the delimiter ends; 0: the stream has ended before, or there is none within the limit.
io_end receive_until(detail::descriptor& d, std::string& into, std::string_view delimiter, std::size_t limit, bool& over_limit) {
  for (std::size_t searched = 0;;) {
    auto const from = searched - std::min(searched, delimiter.size() - 1);
    if (auto const at = into.find(delimiter, from); at != std::string::npos && at + delimiter.size() <= limit) {
      return {io_end::done, 0, at + delimiter.size()};
    }
    searched = into.size();
    over_limit = searched >= limit;
    if (over_limit) return {};
    into.resize(searched + std::min(chunk, limit - searched));
    io_end end;
    try {
      end = receive(d, writable_bytes(into).subspan(searched), 1);
    } catch (...) {
      into.resize(searched);
      throw;
    }
    into.resize(searched + end.n);
    if (end.what != io_end::done || end.n == 0) return end;
  }
}

std::size_t settle(io_end const& end, std::size_t wanted, char const* what, std::error_code& error) {
  error = detail::code_of(end, what);
  if (!error && end.n < wanted) error = io_errc::end_of_stream;
  return end.n;
}

}  // namespace

io_end stream::do_read(writable_bytes into, std::size_t at_least) {
  detail::checkpoint();
  if (into.empty()) return {};
  detail::use const mine(core(), direction::reading, alone);
  return mine.entered == io_end::done ? receive(mine.core(), into, at_least) : io_end{mine.entered, 0, 0};
}

io_end stream::do_write(readable_bytes from, std::size_t at_least) {
  detail::checkpoint();
  if (from.empty()) return {};
  detail::use const mine(core(), direction::writing, alone);
  if (mine.entered != io_end::done) return {mine.entered, 0, 0};
  return move_bytes(mine.core(), direction::writing, from.size(), at_least, [&](int fd, std::size_t moved) {
    auto const sent = detail::or_error(::send(fd, from.data() + moved, from.size() - moved, MSG_NOSIGNAL));
    return sent == -ENOTSOCK ? detail::quiet_write(fd, from.data() + moved, from.size() - moved) : sent;
  });
}

io_end stream::do_read_until(std::string& into, std::string_view delimiter, std::size_t limit, bool& over_limit) {
  if (delimiter.empty()) throw std::invalid_argument("weft: read_until() with an empty delimiter");
  detail::checkpoint();
  detail::use const mine(core(), direction::reading, alone);
  if (mine.entered != io_end::done) return {mine.entered, 0, 0};
  auto const end = receive_until(mine.core(), into, delimiter, limit, over_limit);
  detail::give_way();
  return end;
}

std::size_t stream::read_some(writable_bytes into) {
  auto const end = do_read(into, 1);
  detail::check(end, "read");
  return end.n;
}
std::size_t stream::read_some(writable_bytes into, std::error_code& error) { return settle(do_read(into, 1), 0, "read", error); }

void stream::read_exact(writable_bytes into) {
  auto const end = do_read(into, into.size());
  detail::check(end, "read");
  if (end.n < into.size()) throw eof_error(end.n);
}
std::size_t stream::read_exact(writable_bytes into, std::error_code& error) {
  return settle(do_read(into, into.size()), into.size(), "read", error);
}

std::size_t stream::read_until(std::string& into, std::string_view delimiter, std::size_t limit) {
  bool over_limit = false;
  auto const end = do_read_until(into, delimiter, limit, over_limit);
  if (over_limit) throw std::length_error("weft: read_until() found no delimiter in " + std::to_string(limit) + " bytes");
  detail::check(end, "read");
  if (end.n == 0) throw eof_error(into.size());
  return end.n;
}
std::size_t stream::read_until(std::string& into, std::string_view delimiter, std::size_t limit, std::error_code& error) {
  bool over_limit = false;
  auto const end = do_read_until(into, delimiter, limit, over_limit);
  if (over_limit) {
    error = std::make_error_code(std::errc::message_size);
    return 0;
  }
  return settle(end, 1, "read", error);
}

std::size_t stream::write_some(readable_bytes from) {
  auto const end = do_write(from, 1);
  detail::check(end, "write");
  return end.n;
}
std::size_t stream::write_some(readable_bytes from, std::error_code& error) { return settle(do_write(from, 1), 0, "write", error); }

void stream::write_all(readable_bytes from) { detail::check(do_write(from, from.size()), "write"); }
std::size_t stream::write_all(readable_bytes from, std::error_code& error) { return settle(do_write(from, from.size()), 0, "write", error); }

void stream::shutdown_write() {
  auto const end = detail::attempt(core(), direction::writing, detail::descriptor::sharing::shared, detail::no_limit,
                                   [](int fd) { return detail::or_error(::shutdown(fd, SHUT_WR)); });
  if (end.what == io_end::failed && end.error == ENOTSOCK) return close();
  detail::check(end, "shutdown");
}

}  // namespace weft
