#pragma once
// peer_watch: while it lives, the task that made it is cancelled when the other side of a stream has closed it, or its half of it.
#include "io/attempt.hpp"
#include <weft/detail/cancel_scope.hpp>
#include <weft/detail/owner.hpp>

namespace weft::detail {

class peer_watch final : cancel_scope {
 public:
  // One at a time for a stream, which stays meanwhile. std::system_error: no descriptor for a reactor.
  explicit peer_watch(detail::owner const&);
  ~peer_watch();

  // True: the cancellation that arrives here is this one's own.
  using cancel_scope::leave;

 private:
  [[nodiscard]] bool wants() const noexcept override;
  [[nodiscard]] std::string_view message() const noexcept override { return "the other side has gone"; }

  use const mine_;
};

}  // namespace weft::detail
