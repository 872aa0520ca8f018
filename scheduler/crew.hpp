#pragma once
// crew: the workers there are, those that stand in among them. Only ever more; anyone may look at any time.
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace weft::detail {

class worker;

class crew {
 public:
  explicit crew(std::size_t most) : members_(std::make_unique<std::unique_ptr<worker>[]>(most)), most_(most) {}

  [[nodiscard]] std::span<std::unique_ptr<worker> const> all() const noexcept {
    return {members_.get(), count_.load(std::memory_order_acquire)};
  }
  [[nodiscard]] std::size_t most() const noexcept { return most_; }

  // One thread at a time; fewer than most().
  void add(std::unique_ptr<worker> w) noexcept {
    auto const n = count_.load(std::memory_order_relaxed);
    members_[n] = std::move(w);
    count_.store(n + 1, std::memory_order_release);  // pairs with the acquire in all(): the worker is seen whole
  }

 private:
  std::unique_ptr<std::unique_ptr<worker>[]> const members_;
  std::size_t const most_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace weft::detail
