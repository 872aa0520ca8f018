#pragma once
// xorshift64 (Marsaglia, 2003): for choices that need to be spread, not to be secret.
#include <cstdint>

namespace weft::detail {

// The state is not 0, and never becomes it.
inline std::uint64_t xorshift(std::uint64_t& state) noexcept {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

}  // namespace weft::detail
