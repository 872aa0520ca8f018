#pragma once
// What is told on stderr while the program runs: in one piece as far as the system can, for several threads may tell something.
#include <string_view>

namespace weft::detail {

void write_to_stderr(std::string_view) noexcept;  // gives up when it cannot be written; keeps errno

}  // namespace weft::detail
