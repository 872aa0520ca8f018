#pragma once
// stream: bytes in order, both ways, over a connection. What tcp_stream, unix_stream and pipe_stream can do.
//
// One task reads and one writes at a time, on the same object: a second one at once gets a std::logic_error, and no data is mixed.
// close() from any other task is all right: who waits gets std::errc::operation_canceled. Moving and destroying are the owner's.
//
// Each has a form with a last std::error_code& that is set instead of throwing (see io_error.hpp). The others throw
// std::system_error, timeout_error once the stream's deadline has passed. Being cancelled throws `cancelled` in both forms, before
// the operation or while it waits; what was transferred until then is lost to the caller of read_exact and write_all.
// All: S in a task, and a checkpoint; a plain thread blocks.
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include <weft/bytes.hpp>
#include <weft/detail/owner.hpp>
#include <weft/io_error.hpp>

namespace weft {

// close(), is_open(), native_handle() and the deadlines: detail/owner.hpp.
class stream : public detail::endpoint {
 public:
  stream() noexcept = default;  // closed

  // What is there, up to the size of `into`, at least a byte. 0: the end of the stream, or nothing to read into.
  std::size_t read_some(writable_bytes into);
  std::size_t read_some(writable_bytes into, std::error_code&);
  // All of `into`. The stream ends before: eof_error. With an error code: returns how much was read.
  void read_exact(writable_bytes into);
  std::size_t read_exact(writable_bytes into, std::error_code&);
  // Reads behind what is in `into` until the delimiter is in it; returns where it ends. What has come behind it stays in `into`, for
  // the next call. Not within `limit` bytes: std::length_error (std::errc::message_size). An empty one: std::invalid_argument.
  std::size_t read_until(std::string& into, std::string_view delimiter, std::size_t limit);
  std::size_t read_until(std::string& into, std::string_view delimiter, std::size_t limit, std::error_code&);

  // At least a byte of them; returns how many.
  std::size_t write_some(readable_bytes);
  std::size_t write_some(readable_bytes, std::error_code&);
  // All of them. With an error code: returns how many.
  void write_all(readable_bytes);
  std::size_t write_all(readable_bytes, std::error_code&);

  // The other side reads the end of the stream; we may go on reading. std::system_error.
  void shutdown_write();

 protected:
  explicit stream(detail::descriptor& d) noexcept : endpoint(d) {}

 private:
  detail::io_end do_read(writable_bytes, std::size_t at_least);
  detail::io_end do_write(readable_bytes, std::size_t at_least);
  detail::io_end do_read_until(std::string&, std::string_view, std::size_t limit, bool& over_limit);
};

}  // namespace weft
