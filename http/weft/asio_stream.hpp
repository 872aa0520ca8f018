#pragma once
// asio_stream: a stream of weft as Boost.Asio's blocking operations want one: SyncReadStream and SyncWriteStream. So Boost.Beast
// reads and writes HTTP and WebSocket over it, and asio::ssl encrypts it, in tasks that wait meanwhile. Blocking forms only.
//
//   the stream has ended      boost::asio::error::eof
//   its deadline has passed   boost::asio::error::timed_out; in the forms that throw: timeout_error
//   closed by another task    boost::asio::error::operation_aborted
//   the task is cancelled     `cancelled` is thrown, in both forms
// Whatever else: the error of the system, thrown as boost::system::system_error. Threads and tasks as for the stream itself.
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/system/system_error.hpp>

#include <weft/errors.hpp>
#include <weft/tcp.hpp>

namespace weft {

namespace detail {

// Nobody runs it: Beast and asio::ssl ask for an executor, and use it in asynchronous operations alone. Never destroyed: streams
// may outlive static objects.
inline boost::asio::io_context& idle_context() {
  static auto& context = *new boost::asio::io_context(1);
  return context;
}

[[nodiscard]] inline boost::system::error_code to_asio(std::error_code const& e) {
  if (!e) return {};
  if (e == std::errc::timed_out) return boost::asio::error::timed_out;
  if (e == std::errc::operation_canceled) return boost::asio::error::operation_aborted;
  return {e.value(), boost::system::system_category()};
}

// The first that is not empty; behind it, whether another follows.
template <class Buffer, class Buffers>
std::pair<Buffer, bool> first_of(Buffers const& all) {
  Buffer first;
  auto const end = boost::asio::buffer_sequence_end(all);
  for (auto i = boost::asio::buffer_sequence_begin(all); i != end; ++i) {
    Buffer const b(*i);
    if (b.size() == 0) continue;
    if (first.size() != 0) return {first, true};
    first = b;
  }
  return {first, false};
}

}  // namespace detail

// Of a stream that it owns, or, with Stream = S&, of one that outlives it.
template <class Stream = tcp_stream>
class asio_stream {
 public:
  using stream_type = std::remove_reference_t<Stream>;
  using lowest_layer_type = asio_stream;
  using executor_type = boost::asio::io_context::executor_type;

  explicit asio_stream(Stream&& s) noexcept : stream_(std::forward<Stream>(s)) {}

  [[nodiscard]] stream_type& stream() noexcept { return stream_; }
  [[nodiscard]] stream_type const& stream() const noexcept { return stream_; }
  [[nodiscard]] lowest_layer_type& lowest_layer() noexcept { return *this; }
  [[nodiscard]] lowest_layer_type const& lowest_layer() const noexcept { return *this; }
  [[nodiscard]] executor_type get_executor() noexcept { return detail::idle_context().get_executor(); }

  // S  At least a byte, into the first buffer that is not empty. Nothing to read into: 0.
  template <class MutableBuffers>
  std::size_t read_some(MutableBuffers const& into, boost::system::error_code& error) {
    auto const b = detail::first_of<boost::asio::mutable_buffer>(into).first;
    std::error_code e;
    auto const n = stream_.read_some(std::span(static_cast<std::byte*>(b.data()), b.size()), e);
    error = detail::to_asio(e);
    if (!error && n == 0 && b.size() != 0) error = boost::asio::error::eof;
    return n;
  }
  template <class MutableBuffers>
  std::size_t read_some(MutableBuffers const& into) {
    boost::system::error_code error;
    auto const n = read_some(into, error);
    check(error, "read");
    return n;
  }

  // S  At least a byte of them. Small ones go out together, a header and what follows, say. Nothing to write: 0.
  template <class ConstBuffers>
  std::size_t write_some(ConstBuffers const& from, boost::system::error_code& error) {
    auto const [first, more] = detail::first_of<boost::asio::const_buffer>(from);
    std::error_code e;
    std::size_t n = 0;
    if (more && first.size() < together) {
      std::array<std::byte, together> copy;
      auto const size = boost::asio::buffer_copy(boost::asio::buffer(copy), from);
      n = stream_.write_some(std::span<std::byte const>(copy).first(size), e);
    } else {
      n = stream_.write_some(std::span(static_cast<std::byte const*>(first.data()), first.size()), e);
    }
    error = detail::to_asio(e);
    return n;
  }
  template <class ConstBuffers>
  std::size_t write_some(ConstBuffers const& from) {
    boost::system::error_code error;
    auto const n = write_some(from, error);
    check(error, "write");
    return n;
  }

  // The end of a WebSocket: the last is written. Then, as Beast wants it, whatever the other side still sends is read up to its end.
  friend void teardown(boost::beast::role_type role, asio_stream& s, boost::system::error_code& error) {
    if (role == boost::beast::role_type::server) s.shut();
    std::array<std::byte, 1024> rest;
    do {
      s.read_some(boost::asio::buffer(rest), error);
    } while (!error);
    if (error != boost::asio::error::eof) return;
    error = {};
    if (role == boost::beast::role_type::client) s.shut();
  }
  friend void beast_close_socket(asio_stream& s) { s.stream_.close(); }

 private:
  static constexpr std::size_t together = 4096;  // copying that is cheaper than a call of the system

  static void check(boost::system::error_code const& error, char const* what) {
    if (error == boost::asio::error::timed_out) throw timeout_error(std::string("weft: ") + what + " timed out");
    if (error) throw boost::system::system_error(error, std::string("weft: ") + what);
  }
  void shut() {
    try {
      stream_.shutdown_write();
    } catch (std::system_error const&) {  // gone already: reading says so
    }
  }

  Stream stream_;
};

}  // namespace weft
