#include <weft/pipe.hpp>

#include <fcntl.h>
#include <unistd.h>

#include "io/attempt.hpp"
#include "io/socket.hpp"

namespace weft {

using detail::descriptor;

namespace {

// A terminal gives a line at a time, a pipe of packets a packet: more may be there after a short read. So N5 does not hold.
descriptor& adopted(int fd) {
  descriptor& d = descriptor::adopt(fd, descriptor::state::any);
  d.happened_extraordinarily();
  return d;
}

}  // namespace

pipe_stream::pipe_stream(int fd) : pipe_stream(adopted(fd)) {}

std::pair<pipe_stream, pipe_stream> pipe() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) detail::fail(detail::last_error(), "pipe");
  detail::unique_fd out(ends[1]);  // also if the first one throws
  pipe_stream in(descriptor::adopt(ends[0], descriptor::state::non_blocking));
  return {std::move(in), pipe_stream(descriptor::adopt(out.release(), descriptor::state::non_blocking))};
}

}  // namespace weft
