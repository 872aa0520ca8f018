#pragma once
// JSON, as far as weft writes it.
#include <iosfwd>
#include <string_view>

namespace weft::detail {

// As a JSON string, quotes included. Every byte that is not of a well-formed UTF-8 character becomes \ufffd.
void write_json_string(std::ostream&, std::string_view);

}  // namespace weft::detail
