#pragma once
// frames: where a suspended fiber is.
#include <vector>

#include "scheduler/fiber.hpp"

namespace weft::detail {

// Return addresses, innermost first, of a fiber that is kept from going on (halted.hpp). By frame pointers: weft's own code has them;
// the list ends early at a caller that was compiled without (-fomit-frame-pointer, the default of -O). std::bad_alloc.
[[nodiscard]] std::vector<void*> frames_of(fiber const&);

}  // namespace weft::detail
