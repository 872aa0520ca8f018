#pragma once
// thread_pool: an elastic pool of OS threads for calls that block. Grows on demand up to a limit; idle threads leave.
#include <condition_variable>
#include <memory>
#include <mutex>

#include <weft/detail/core.hpp>

namespace weft::detail {

class thread_pool : public std::enable_shared_from_this<thread_pool> {
 public:
  explicit thread_pool(unsigned limit) noexcept : limit_(limit) {}

  void push(future_core&);              // throws std::system_error if there is no thread and none can be made
  void close() noexcept;                // threads leave when the queue is empty
  void join() noexcept;                 // closes, and waits until every thread has left; nothing may be pushed any more
  [[nodiscard]] unsigned threads() const noexcept;
  [[nodiscard]] unsigned queued() const noexcept;

 private:
  void serve() noexcept;

  unsigned const limit_;
  mutable std::mutex lock_;
  std::condition_variable wake_, left_;
  future_core* first_ = nullptr;
  future_core* last_ = nullptr;
  unsigned threads_ = 0, idle_ = 0, queued_ = 0;
  bool ending_ = false;
};

}  // namespace weft::detail
