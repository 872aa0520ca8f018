#include "runtime/json.hpp"

#include <cstddef>
#include <ostream>

namespace weft::detail {
namespace {

// Bytes of the well-formed character that `s` begins with (Unicode, table 3-7); 0: there is none.
std::size_t character_size(std::string_view s) noexcept {
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

}  // namespace

void write_json_string(std::ostream& out, std::string_view s) {
  constexpr std::string_view digits = "0123456789abcdef";
  out.put('"');
  while (!s.empty()) {
    auto const n = character_size(s);
    char const c = s.front();
    if (n == 0) {
      out << "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out.put('\\').put(c);
    } else if (n == 1 && static_cast<unsigned char>(c) < 0x20) {
      out << "\\u00" << digits[static_cast<unsigned char>(c) >> 4] << digits[c & 15];
    } else {
      out.write(s.data(), static_cast<std::streamsize>(n));
    }
    s.remove_prefix(n == 0 ? 1 : n);
  }
  out.put('"');
}

}  // namespace weft::detail
