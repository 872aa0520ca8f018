#pragma once
// The plainest pool: one queue, first come first served, a mutex, a condition, so many std::threads.
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace bench {

class fifo_pool {
 public:
  explicit fifo_pool(std::int64_t workers) {
    for (std::int64_t i = 0; i < workers; ++i) threads_.emplace_back([this] { serve(); });
  }
  // What is queued still runs.
  ~fifo_pool() {
    {
      std::lock_guard const lock{mutex_};
      ended_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  void post(std::function<void()> f) {
    {
      std::lock_guard const lock{mutex_};
      queue_.push_back(std::move(f));
    }
    changed_.notify_one();
  }

 private:
  void serve() {
    for (std::unique_lock lock{mutex_};;) {
      changed_.wait(lock, [&] { return ended_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto const f = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      f();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace bench
