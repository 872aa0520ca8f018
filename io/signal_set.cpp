#include <weft/signal_set.hpp>

#include <atomic>
#include <bit>
#include <stdexcept>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include "io/attempt.hpp"
#include "runtime/signals.hpp"

namespace weft {
namespace detail {
namespace {

descriptor& new_bell() {
  int const fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) fail(last_error(), "eventfd for a signal_set");
  return descriptor::adopt(fd, descriptor::state::non_blocking);
}

}  // namespace

// What has come, and an eventfd that rings afterwards: who waits silences it, then looks.
class signal_inbox final : public signal_listener {
 public:
  explicit signal_inbox(std::vector<int> const& signals) : signal_listener(signals), bell_(new_bell()) {
    try {
      begin();
    } catch (...) {
      bell_.drop();
      throw;
    }
  }
  ~signal_inbox() {
    end();
    bell_.drop();
  }

  [[nodiscard]] descriptor& bell() noexcept { return bell_; }

  // A signal, or -EAGAIN. What is left rings again: the bell may have been for another, a thread in poll(2), say.
  [[nodiscard]] ssize_t take() noexcept {
    std::uint64_t rings = 0;
    [[maybe_unused]] auto const n = ::read(bell_.fd(), &rings, sizeof rings);
    auto all = come_.load(std::memory_order_acquire);
    do {
      if (all == 0) return -EAGAIN;
    } while (!come_.compare_exchange_weak(all, all & (all - 1), std::memory_order_acq_rel, std::memory_order_acquire));
    if ((all & (all - 1)) != 0) ring();
    return std::countr_zero(all) + 1;
  }

 private:
  answer hear(int signal) noexcept override {
    come_.fetch_or(bit_of(signal), std::memory_order_acq_rel);
    ring();
    return answer::taken;
  }
  void ring() noexcept {
    std::uint64_t const one = 1;
    [[maybe_unused]] auto const n = ::write(bell_.fd(), &one, sizeof one);
  }

  descriptor& bell_;
  std::atomic<std::uint64_t> come_{0};  // see bit_of
};

}  // namespace detail

signal_set::signal_set(std::initializer_list<int> signals) {
  if (signals.size() == 0) throw std::invalid_argument("weft: a signal_set without signals");
  std::vector<int> const all(signals);
  detail::require_catchable(all, "signal_set");
  inbox_ = std::make_unique<detail::signal_inbox>(all);
}

signal_set::~signal_set() = default;

int signal_set::wait(deadline until) {
  auto const end = detail::attempt(&inbox_->bell(), detail::direction::reading, detail::descriptor::sharing::shared, until.ns(),
                                   [this](int) { return inbox_->take(); });
  detail::check(end, "signal_set::wait");
  return static_cast<int>(end.n);
}

}  // namespace weft
