#pragma once
// part_end: how the forker of a part learns that its taker has done it, whoever of the two comes last.
//
//   unjoined --await()--> awaited --finish()--> done
//   unjoined --finish()-----------------------> done
//
// finish() is the taker's last touch (K2 in team.hpp): whom it returns is a parker, which is type-stable.
// Orders: done (release) pairs with the forker's acquire, in await() or is_over(): what the taker has written. awaited (release) pairs with
//   the taker's acquire when its exchange fails: whom to kick. Explored in tests/model/team_model.cpp.
#include <cstdint>

#include <weft/detail/atomic.hpp>

namespace weft::detail {

class parker;

class part_end {
 public:
  // Forker. True: it has to wait until is_over(), and will be kicked.
  [[nodiscard]] bool await(parker& forker) noexcept {
    forker_ = &forker;
    auto was = stage::unjoined;
    return at_.compare_exchange_strong(was, stage::awaited, std::memory_order_release, std::memory_order_acquire);
  }
  [[nodiscard]] bool is_over() const noexcept { return at_.load(std::memory_order_acquire) == stage::done; }

  // Taker. Whom to kick, if anybody waits.
  [[nodiscard]] parker* finish() noexcept {
    auto was = stage::unjoined;
    if (at_.compare_exchange_strong(was, stage::done, std::memory_order_release, std::memory_order_acquire)) return nullptr;
    parker* const waiting = forker_;
    at_.store(stage::done, std::memory_order_release);
    return waiting;
  }

 private:
  enum class stage : std::uint32_t { unjoined, awaited, done };
  plain<parker*> forker_ = nullptr;
  atomic<stage> at_{stage::unjoined};
};

}  // namespace weft::detail
