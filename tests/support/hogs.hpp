#pragma once
// Something that takes a worker, in one of the ways there are, and gives it back when it is told to.
#include <atomic>
#include <condition_variable>
#include <mutex>

namespace shapes {

struct hog {
  virtual ~hog() = default;
  virtual void hold() = 0;
  virtual void let_go() = 0;
};

struct computes final : hog {
  std::atomic<bool> over{false};
  void hold() override {
    while (!over.load(std::memory_order_relaxed)) {
    }
  }
  void let_go() override { over = true; }
};

struct blocks final : hog {
  std::mutex lock;
  std::condition_variable told;
  bool over = false;
  void hold() override {
    std::unique_lock guard{lock};
    told.wait(guard, [this] { return over; });
  }
  void let_go() override {
    {
      std::lock_guard guard{lock};
      over = true;
    }
    told.notify_all();
  }
};

}  // namespace shapes
