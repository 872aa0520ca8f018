#pragma once
// Addresses of code as people read them. Takes the loader's lock and memory: not for signal handlers.
#include <string>

namespace weft::detail {

// "name+0x12  (program+0x1234)"; the second is what addr2line takes. Without a name just that: the dynamic symbols have it, and
// programs that are linked with -rdynamic have their own among them. std::bad_alloc.
[[nodiscard]] std::string describe_frame(void* address);

// "name", else "(program+0x1234)", of the function that a return address leads back to. Empty: that is no code. std::bad_alloc.
[[nodiscard]] std::string caller_name(void* return_address);

}  // namespace weft::detail
