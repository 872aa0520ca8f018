#pragma once
// What can go wrong with I/O besides std::system_error and timeout_error. In the forms with a std::error_code:
//   the deadline has passed   std::errc::timed_out
//   closed by another task    std::errc::operation_canceled
//   the stream has ended      io_errc::end_of_stream
#include <cstddef>
#include <stdexcept>
#include <system_error>

#include <weft/errors.hpp>

namespace weft {

enum class io_errc { end_of_stream = 1 };
[[nodiscard]] std::error_category const& io_category() noexcept;
[[nodiscard]] inline std::error_code make_error_code(io_errc e) noexcept { return {static_cast<int>(e), io_category()}; }

// The stream has ended before all was read that was asked for.
class eof_error : public std::runtime_error {
 public:
  explicit eof_error(std::size_t transferred);
  [[nodiscard]] std::size_t transferred() const noexcept { return transferred_; }  // bytes that were read before

 private:
  std::size_t transferred_;
};

}  // namespace weft

template <>
struct std::is_error_code_enum<weft::io_errc> : std::true_type {};
