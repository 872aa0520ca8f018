#pragma once
// accept_from: what the listeners of all kinds do. retry_pauses: trying again, less and less often, what tells nobody when it may succeed.
#include <algorithm>
#include <cstdint>
#include <utility>

#include <weft/detail/descriptor.hpp>

namespace weft::detail {

class retry_pauses {
 public:
  retry_pauses(std::int64_t first_ns, std::int64_t longest_ns) noexcept : pause_(first_ns), longest_(longest_ns) {}
  // When to try again; not after `until`.
  [[nodiscard]] std::int64_t next(std::int64_t now, std::int64_t until) noexcept {
    auto const pause = std::exchange(pause_, std::min(2 * pause_, longest_));
    return until - now > pause ? now + pause : until;
  }

 private:
  std::int64_t pause_;
  std::int64_t const longest_;
};

// S  n: the descriptor of the next connection, non-blocking. Those that have gone are skipped; without descriptor or memory it tries again.
[[nodiscard]] io_end accept_from(descriptor*, std::int64_t until);

}  // namespace weft::detail
