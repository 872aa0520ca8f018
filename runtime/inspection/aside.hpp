#pragma once
// aside: something to be said, by a thread of its own: it may take long, stderr may be full, and who asks for it waits for neither.
#include <atomic>
#include <exception>
#include <thread>

namespace weft::detail {

// At most one thread at a time; asked again meanwhile, it does it once more. For objects that live as long as the process.
class aside {
 public:
  explicit constexpr aside(void (*what)() noexcept) noexcept : what_(what) {}

  // Any thread. Without memory or thread for it: nothing.
  void ask() noexcept {
    if (asked_.fetch_add(1, std::memory_order_acq_rel) != 0) return;
    try {
      std::thread([this] {
        for (auto n = asked_.load(std::memory_order_relaxed); n != 0; n = asked_.fetch_sub(n, std::memory_order_acq_rel) - n) what_();
      }).detach();
    } catch (std::exception const&) {
      asked_.store(0, std::memory_order_relaxed);
    }
  }

 private:
  void (*const what_)() noexcept;
  std::atomic<unsigned> asked_{0};
};

}  // namespace weft::detail
