#pragma once
// drain: that a server is to stop, and the waits which end when it is: for connections, and for requests.
#include <atomic>
#include <mutex>
#include <utility>

#include <weft/deadline.hpp>
#include <weft/task_group.hpp>

namespace weft::detail {

// A wait that can be ended is the body of a group without children: cancelling the group touches what the body waits for and no
// more, not what its task does before or afterwards, and is told from a cancellation of the task.
class drain {
 public:
  // Ends the waits that are under way and those to come. The first call counts.
  void begin(deadline grace) noexcept;
  [[nodiscard]] bool begun() const noexcept { return begun_.load(std::memory_order_acquire); }
  [[nodiscard]] deadline grace() const noexcept { return grace_; }  // once it has begun

  // S  wait(), unless the drain has begun; ended by its beginning. What it had waited for it then may or may not have got.
  template <class F>
  void unless_begun(F&& wait) {
    with_group([&](task_group& g) {
      entry listed(*this, g);
      if (!begun()) std::forward<F>(wait)();
    });
  }

 private:
  // In the list of waits. Its group outlives it: it is in the group's body.
  class entry {
   public:
    entry(drain&, task_group&) noexcept;
    ~entry();
    entry(entry const&) = delete;
    entry& operator=(entry const&) = delete;

   private:
    friend drain;
    drain& of_;
    task_group& group_;
    entry *next_ = nullptr, **back_ = nullptr;
  };

  std::mutex lock_;  // never held across a wait
  entry* first_ = nullptr;
  deadline grace_ = never;
  std::atomic<bool> begun_ = false;
};

}  // namespace weft::detail
