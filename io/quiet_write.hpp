#pragma once
// quiet_write: write(2) that raises no SIGPIPE, for what is no socket and so has no MSG_NOSIGNAL.
#include <cstddef>

#include <sys/types.h>

namespace weft::detail {

// What it has written, or -errno.
[[nodiscard]] ssize_t quiet_write(int fd, void const* from, std::size_t n) noexcept;

}  // namespace weft::detail
