#pragma once
// pipe_stream: pipes, and whatever else is read and written in order through a descriptor: standard input, a terminal, a FIFO.
#include <utility>

#include <weft/stream.hpp>

namespace weft {

// As every stream; an end that is open one way only has std::errc::bad_file_descriptor for the other. Writing when nobody reads any
// more: std::errc::broken_pipe, and no SIGPIPE. shutdown_write() of a pipe closes it.
class pipe_stream : public stream {
 public:
  pipe_stream() noexcept = default;
  // Takes the descriptor over and makes it non-blocking, for all that share its open file: give it a copy, dup(STDIN_FILENO), and
  // know that the terminal behind it stays so. Regular files are read and written at once, whatever the disk takes. std::system_error.
  explicit pipe_stream(int fd);

 private:
  friend std::pair<pipe_stream, pipe_stream> pipe();
  explicit pipe_stream(detail::descriptor& d) noexcept : stream(d) {}
};

// The end to read from, and the end to write to. std::system_error.
[[nodiscard]] std::pair<pipe_stream, pipe_stream> pipe();

}  // namespace weft
