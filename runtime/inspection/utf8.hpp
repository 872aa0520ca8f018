#pragma once
// Text that comes from the program, and may be anything, for formats that want UTF-8.
#include <cstddef>
#include <string_view>

namespace weft::detail {

// Bytes of the well-formed character that `s`, which is not empty, begins with (Unicode, table 3-7); 0: there is none.
inline std::size_t character_size(std::string_view s) noexcept {
  auto const byte = [s](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(s[i])); };
  auto const first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  std::size_t const n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (s.size() < n) return 0;
  unsigned const least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;  // else there is a shorter form
  unsigned const most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;   // surrogates; beyond U+10FFFF
  if (byte(1) < least || byte(1) > most) return 0;
  for (std::size_t i = 2; i != n; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return n;
}

}  // namespace weft::detail
