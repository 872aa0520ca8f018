#include "scheduler/sampler.hpp"

#include <utility>

#include "scheduler/scheduler.hpp"
#include "scheduler/xorshift.hpp"

namespace weft::detail {

sampler::sampler(scheduler const& clock, std::uint64_t seed) noexcept : random_(seed), clock_(clock) {
  until_ready_ = gap();
  next_switch_ = gap();
}

std::uint32_t sampler::gap() noexcept { return static_cast<std::uint32_t>(1 + xorshift(random_) % (2 * measured_one_in - 1)); }

void sampler::ready(std::uint32_t& since) noexcept {
  until_ready_ = gap();
  if (since == 0) since = stamp(clock_.now());  // else it was ready already, and only moves
}

void sampler::switches(std::uint64_t n, fiber& to) noexcept {
  auto const now = clock_.now();
  if (to.ready_since != 0) add_delay(to.ready_since, now);
  if (n != next_switch_) return;
  if (slice_began_ != none) end_slice(now);
  if (n != next_switch_) return;
  next_switch_ = n + gap();
  if (to.current.load(std::memory_order_relaxed) != nullptr) begin_slice(n, now);  // else that is a loop
}

void sampler::measure_job(std::uint32_t& since, std::uint64_t n) noexcept {
  auto const now = clock_.now();
  add_delay(since, now);
  begin_slice(n, now);
}

void sampler::add_delay(std::uint32_t& since, std::int64_t now) noexcept {
  std::uint32_t const units = stamp(now) - std::exchange(since, 0);
  delays_.add(std::chrono::nanoseconds{std::int64_t{units} << unit_shift});
}

// next_switch_ > n
void sampler::begin_slice(std::uint64_t n, std::int64_t now) noexcept {
  slice_began_ = now;
  after_slice_ = std::exchange(next_switch_, n + 1);
}

void sampler::end_slice() noexcept { end_slice(clock_.now()); }

void sampler::end_slice(std::int64_t now) noexcept {
  slices_.add(std::chrono::nanoseconds{now - std::exchange(slice_began_, none)});
  next_switch_ = after_slice_;
}

}  // namespace weft::detail
