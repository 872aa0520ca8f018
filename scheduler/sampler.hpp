#pragma once
// sampler: how long what is ready waits until it runs (the delay), and how long it then runs in one piece (a slice). A worker's; measured
// is one in 128, since a look at the clock costs as much as a switch.
//
//   delay   What is woken or spawned is counted down; at 0 it takes the time along, in its `ready_since`. Whoever runs it, this worker or
//           one that has stolen it, writes down how long that took.
//   slice   Of fibers that go on: by the number of the switch. Of jobs that begin: those that took the time along. It lasts until the
//           worker's next switch, or until it is in its loop again.
//
// The gaps are random, 128 on average: a program that goes in steps of 128 does not get one and the same step measured.
// Stamps are 32 bits, in the padding of what they are in: units of 256 ns, which go round in 18 minutes; 0: not measured.
#include <cstdint>

#include "scheduler/fiber.hpp"
#include "scheduler/histogram.hpp"

namespace weft::detail {

class scheduler;

// Asked on every path, so the questions are inline and answered by a branch. What is done for a yes is out of line.
class sampler {
 public:
  sampler(scheduler const& clock, std::uint64_t seed) noexcept;

  // Something is woken or spawned; nobody else sees it yet.
  [[nodiscard]] bool wants_ready() noexcept { return --until_ready_ == 0; }
  void ready(std::uint32_t& since) noexcept;

  // The worker's n-th switch.
  [[nodiscard]] bool wants_switch(std::uint64_t n, fiber const& to) const noexcept { return to.ready_since != 0 || n == next_switch_; }
  void switches(std::uint64_t n, fiber& to) noexcept;

  // A job begins, after n switches.
  void begins(std::uint32_t& since, counter const& n) noexcept {
    if (since != 0) [[unlikely]] measure_job(since, n.get());
  }

  // Whatever ran here has ended.
  void ended() noexcept {
    if (slice_began_ != none) [[unlikely]] end_slice();
  }

  // An outside thread's n-th: is it to be measured? Multiples of the golden ratio are as regular as can be, and in step with nothing.
  [[nodiscard]] static bool picks(std::uint64_t n) noexcept { return n * 0x9e3779b97f4a7c15u < ~std::uint64_t{0} / measured_one_in; }
  [[nodiscard]] static std::uint32_t stamp(std::int64_t now) noexcept { return static_cast<std::uint32_t>(now >> unit_shift); }

  [[nodiscard]] histogram const& delays() const noexcept { return delays_; }
  [[nodiscard]] histogram const& slices() const noexcept { return slices_; }

 private:
  static constexpr std::int64_t none = -1;
  static constexpr int unit_shift = 8;

  void measure_job(std::uint32_t& since, std::uint64_t n) noexcept;
  void add_delay(std::uint32_t& since, std::int64_t now) noexcept;
  void begin_slice(std::uint64_t n, std::int64_t now) noexcept;
  void end_slice() noexcept;
  void end_slice(std::int64_t now) noexcept;
  [[nodiscard]] std::uint32_t gap() noexcept;

  // First what every spawn and every switch looks at.
  std::uint32_t until_ready_;
  std::uint64_t next_switch_;              // is measured: a slice begins with it, or ends
  std::int64_t slice_began_ = none;
  std::uint64_t after_slice_ = 0;          // the next one to be measured when this slice has ended
  std::uint64_t random_;
  scheduler const& clock_;
  histogram delays_, slices_;
};

}  // namespace weft::detail
