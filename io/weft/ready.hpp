#pragma once
// Waiting for file descriptors that belong to somebody else: any library with non-blocking ones can be used from tasks.
#include <weft/deadline.hpp>
#include <weft/errors.hpp>

namespace weft {

// S  Until reading (writing) would not block, or there is an error or an end to read. The descriptor must stay open meanwhile.
// timeout_error; std::system_error: it is none. Regular files are always ready.
void wait_readable(int fd, deadline = never);
void wait_writable(int fd, deadline = never);

// S  The same for either, and which: for protocols that may have to read before they can write on (TLS, libpq).
struct readiness {
  bool readable, writable;
};
readiness wait_ready(int fd, deadline = never);

}  // namespace weft
