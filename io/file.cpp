#include <weft/file.hpp>

#include <algorithm>
#include <cerrno>
#include <source_location>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/attempt.hpp"
#include "io/socket.hpp"
#include "scheduler/worker.hpp"
#include <weft/blocking.hpp>

namespace weft {
namespace {

using detail::direction;

// S  f() where it may block: here on a thread that is no worker's, the pool's own included, which must not wait for another of it.
// Cancelled, it either has not run, or what it has returned is the outcome: a descriptor that is open, bytes that are written.
template <class F>
auto off_the_workers(F&& f) {
  detail::checkpoint();
  if (detail::worker::current() == nullptr) return f();
  return detail::call_on(nullptr, std::forward<F>(f), std::source_location::current(), detail::future_core::inner).get();
}

// What the call of the system has returned, not interrupted, or -errno.
template <class Call>
ssize_t uninterrupted(Call&& call) noexcept {
  for (;;) {
    auto const result = detail::or_error(call());
    if (result != -EINTR) return result;
  }
}

// move(done) moves more, until it has `size` or there is no more. How much, or -errno.
template <class Move>
ssize_t move_all(std::size_t size, Move&& move) noexcept {
  std::size_t done = 0;
  while (done != size) {
    auto const n = uninterrupted([&] { return move(done); });
    if (n < 0) return n;
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return static_cast<ssize_t>(done);
}

std::size_t checked(ssize_t result, char const* what, std::string const& path) {
  if (result < 0) detail::fail(static_cast<int>(-result), std::string(what) + " '" + path + "'");
  return static_cast<std::size_t>(result);
}

int flags_of(open_mode m) noexcept {
  switch (m) {
    case open_mode::read: return O_RDONLY;
    case open_mode::write: return O_WRONLY | O_CREAT | O_TRUNC;
    case open_mode::update: return O_RDWR | O_CREAT;
    case open_mode::create: return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

ssize_t open_file(std::string const& path, open_mode m) noexcept {
  return uninterrupted([&] { return ::open(path.c_str(), flags_of(m) | O_CLOEXEC, 0666); });
}

// call(fd) for an open file; -errno of it becomes the error.
template <class Call>
std::size_t with_file(detail::descriptor* d, direction way, char const* what, std::string const& path, Call&& call) {
  detail::use const mine(d, way, detail::descriptor::sharing::shared);
  if (mine.entered != detail::io_end::done) checked(-ECANCELED, what, path);
  return checked(off_the_workers([&] { return call(mine.core().fd()); }), what, path);
}

}  // namespace

file file::open(std::filesystem::path const& path, open_mode m) {
  auto const fd = checked(off_the_workers([&] { return open_file(path.native(), m); }), "open", path.native());
  return file(detail::descriptor::adopt(static_cast<int>(fd), detail::descriptor::state::non_blocking), path.native());
}

std::size_t file::read_at(std::uint64_t offset, writable_bytes into) const {
  return with_file(core(), direction::reading, "read", path_, [&](int fd) {
    return move_all(into.size(), [&](std::size_t done) {
      return ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    });
  });
}

void file::write_at(std::uint64_t offset, readable_bytes from) {
  with_file(core(), direction::writing, "write", path_, [&](int fd) {
    return move_all(from.size(), [&](std::size_t done) {
      return ::pwrite(fd, from.data() + done, from.size() - done, static_cast<off_t>(offset + done));
    });
  });
}

std::uint64_t file::size() const {
  struct stat s {};
  with_file(core(), direction::reading, "size of", path_, [&](int fd) { return detail::or_error(::fstat(fd, &s)); });
  return static_cast<std::uint64_t>(s.st_size);
}

void file::sync() {
  with_file(core(), direction::writing, "sync", path_, [](int fd) { return uninterrupted([fd] { return ::fsync(fd); }); });
}

// Some files, those of /proc, say that they are empty: the end is where read() says so.
std::string read_file(std::filesystem::path const& path) {
  std::string all;
  auto const result = off_the_workers([&]() -> ssize_t {
    auto const opened = open_file(path.native(), open_mode::read);
    if (opened < 0) return opened;
    detail::unique_fd const fd(static_cast<int>(opened));
    struct stat s {};
    if (::fstat(fd.get(), &s) != 0) return -detail::last_error();
    constexpr std::size_t least = 4096;
    for (std::size_t have = 0, more = std::max(static_cast<std::size_t>(s.st_size) + 1, least);; more = have) {
      all.resize(have + more);
      auto const n = move_all(more, [&](std::size_t done) { return ::read(fd.get(), all.data() + have + done, more - done); });
      if (n < 0) return n;
      have += static_cast<std::size_t>(n);
      all.resize(have);
      if (static_cast<std::size_t>(n) != more) return 0;
    }
  });
  checked(result, "read", path.native());
  return all;
}

void write_file(std::filesystem::path const& path, readable_bytes from) {
  auto const result = off_the_workers([&]() -> ssize_t {
    auto const opened = open_file(path.native(), open_mode::write);
    if (opened < 0) return opened;
    int const fd = static_cast<int>(opened);
    auto const n = move_all(from.size(), [&](std::size_t done) { return ::write(fd, from.data() + done, from.size() - done); });
    auto const closed = detail::or_error(::close(fd));
    return n < 0 ? n : closed;
  });
  checked(result, "write", path.native());
}

}  // namespace weft
