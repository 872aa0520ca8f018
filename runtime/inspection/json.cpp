#include "runtime/inspection/json.hpp"

#include <ostream>

#include "runtime/inspection/utf8.hpp"

namespace weft::detail {

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
