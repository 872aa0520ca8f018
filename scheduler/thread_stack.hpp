#pragma once
// thread_stack: where another thread of this process is just now, for the report of a task that keeps its worker.
#include <cstddef>
#include <optional>
#include <vector>

#include <pthread.h>
#include <sys/types.h>

namespace weft::detail {

class thread_stack {
 public:
  // Of one that the kernel holds: a signal could end its call. Without its registers only the return addresses on its stack, which
  // ends at `top`, can be told: those of frames that are gone may be among them. std::bad_alloc.
  static thread_stack of_blocked(pid_t, std::byte const* top);

  // One that runs is asked by a real-time signal, the first that nobody has a handler for, and answers when it gets to it. There is
  // one question at a time: the next takes it back. With `again` it has been sent one that it has not got to: no other. False: no
  // signal is free. By one thread at a time, not in a handler.
  static bool ask(pthread_t, pid_t, bool again) noexcept;
  static std::optional<thread_stack> answer();  // std::bad_alloc

  // Innermost first; of a blocked thread the loader has to tell what is code, and may be held by that thread.
  [[nodiscard]] std::vector<void*> frames() const;

 private:
  std::vector<void*> words_;
  bool scanned_ = false;  // words_ are the place, then what is on the stack
};

}  // namespace weft::detail
