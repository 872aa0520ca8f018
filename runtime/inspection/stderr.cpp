#include "runtime/inspection/stderr.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/types.h>
#include <unistd.h>

namespace weft::detail {

void write_to_stderr(std::string_view text) noexcept {
  int const saved = errno;
  while (!text.empty()) {
    auto const n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n == 0 || (n < 0 && errno != EINTR)) break;
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  }
  errno = saved;
}

}  // namespace weft::detail
