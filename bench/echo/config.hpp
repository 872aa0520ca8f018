#pragma once
// Echo over loopback: 64 bytes there, the same 64 back.
#include <array>
#include <cstring>

#include "bench/support/closed_loop.hpp"

namespace bench::echo {

inline constexpr std::size_t message = 64, buffer = 1024;  // bytes; what a server reads into

struct protocol {
  static std::string_view request(std::uint64_t number) {
    static std::array<char, message> bytes;
    std::memcpy(bytes.data(), &number, sizeof number);
    return {bytes.data(), bytes.size()};
  }
  static bool is_response(std::string_view got, std::uint64_t number) {
    return got.size() == message && std::memcmp(got.data(), &number, sizeof number) == 0;
  }
};

inline bool add(std::string const& library, server run) { return add_closed_loop<protocol>("echo", library, run); }

}  // namespace bench::echo
