#pragma once
// thread_parker: what a thread that is no worker waits on. Blocks are reused, never freed: a late kick finds a parker.
#include <sys/types.h>

#include <weft/detail/parker.hpp>

namespace weft::detail {

struct thread_parker : parker {
  thread_parker() noexcept : parker(kind::thread) {}
  thread_parker* next = nullptr;
  pid_t thread = 0;  // whose it is now, or was last: for debuggers
};

}  // namespace weft::detail
