// Strings in JSON: every byte sequence gives a valid one.
#include <sstream>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "runtime/inspection/json.hpp"

using namespace std::string_view_literals;

namespace {

std::string written(std::string_view s) {
  std::ostringstream out;
  weft::detail::write_json_string(out, s);
  return out.str();
}

}  // namespace

TEST_CASE("quotes, backslashes and control characters are escaped, nothing else that is valid") {
  CHECK(written("") == R"("")");
  CHECK(written(R"(a "b" \c/)") == R"("a \"b\" \\c/")");
  CHECK(written("\n\t\x1f\x7f\0x"sv) == "\"\\u000a\\u0009\\u001f\x7f\\u0000x\"");
  for (auto const s : {"\u00fc", "\u20ac", "\U0001f600", "\ud7ff", "\ue000", "\uffff", "\U0010ffff", "\u0080", "\u07ff", "\u0800"}) {
    CHECK(written(s) == '"' + std::string(s) + '"');
  }
}

TEST_CASE("every byte that belongs to no character is replaced") {
  CHECK(written("a\x80z") == R"("a\ufffdz")");                          // continues nothing
  CHECK(written("\xc3") == R"("\ufffd")");                              // cut off
  CHECK(written("\xe2\x82") == R"("\ufffd\ufffd")");
  CHECK(written("\xf0\x9f\x98!") == R"("\ufffd\ufffd\ufffd!")");
  CHECK(written("\xc0\xaf") == R"("\ufffd\ufffd")");                    // longer than it has to be
  CHECK(written("\xe0\x9f\xbf") == R"("\ufffd\ufffd\ufffd")");
  CHECK(written("\xf0\x8f\xbf\xbf") == R"("\ufffd\ufffd\ufffd\ufffd")");
  CHECK(written("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");          // a surrogate
  CHECK(written("\xf4\x90\x80\x80") == R"("\ufffd\ufffd\ufffd\ufffd")");  // beyond the last
  CHECK(written("\xff\xfe") == R"("\ufffd\ufffd")");
  CHECK(written("\xc3\"") == R"("\ufffd\"")");                          // the quote is not swallowed
}
