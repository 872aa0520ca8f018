#pragma once
// Something that takes a worker, in one of the ways there are, and gives it back when it is told to.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include <sys/mman.h>

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

// In short naps: it is seen at work now and then.
struct naps final : hog {
  std::atomic<bool> over{false};
  void hold() override {
    while (!over) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  void let_go() override { over = true; }
};

struct waits_for_a_lock final : hog {
  std::mutex lock;
  std::atomic<bool> held{false}, over{false};
  std::thread holder{[this] {
    std::lock_guard guard{lock};
    held = true;
    held.notify_one();
    over.wait(false);
  }};
  waits_for_a_lock() { held.wait(false); }
  ~waits_for_a_lock() override { holder.join(); }
  void hold() override { std::lock_guard guard{lock}; }
  void let_go() override {
    over = true;
    over.notify_one();
  }
};

struct faults final : hog {
  std::atomic<bool> over{false};
  void hold() override {
    constexpr std::size_t size = 1 << 20;
    void* const pages = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    while (!over) {
      for (std::size_t at = 0; at < size; at += 4096) static_cast<char volatile*>(pages)[at] = 1;
      ::madvise(pages, size, MADV_DONTNEED);
    }
    ::munmap(pages, size);
  }
  void let_go() override { over = true; }
};

// f(hog), for one of each kind.
template <class F>
void with_each_hog(F&& f) {
  f(*std::make_unique<computes>());
  f(*std::make_unique<blocks>());
  f(*std::make_unique<naps>());
  f(*std::make_unique<waits_for_a_lock>());
  f(*std::make_unique<faults>());
}

}  // namespace shapes
