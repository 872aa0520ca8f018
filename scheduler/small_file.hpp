// Files of /proc and of control groups: a few bytes, read without allocation.
#pragma once

#include <cerrno>
#include <cstddef>
#include <span>
#include <string_view>

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

namespace weft::detail {

// What is in `path`, as far as `into` has room for it and a final NUL; empty when it cannot be read.
[[nodiscard]] inline std::string_view read_small_file(char const* path, std::span<char> into) noexcept {
  into[0] = '\0';
  int const fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {into.data(), 0};
  std::size_t size = 0;
  ssize_t n = 0;
  do {
    n = ::read(fd, into.data() + size, into.size() - 1 - size);
    if (n > 0) size += static_cast<std::size_t>(n);
  } while (n > 0 || (n < 0 && errno == EINTR));
  ::close(fd);
  if (n < 0) size = 0;
  into[size] = '\0';
  return {into.data(), size};
}

}  // namespace weft::detail
