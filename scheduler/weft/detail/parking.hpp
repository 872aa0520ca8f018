#pragma once
// How anything waits and how anything is woken: fibers and OS threads alike.
#include <cstdint>

#include <weft/detail/parker.hpp>

namespace weft::detail {

inline constexpr std::int64_t no_limit = INT64_MAX;

// Of the running fiber, else of this thread.
[[nodiscard]] parker& this_parker() noexcept;

// Suspends the caller, whose parker this is, until it is kicked, published to, or the time (ns of now_ns()) has come.
// May return early; never later than the kick. On a fiber the calling thread may be another one afterwards.
void park(parker&, std::int64_t until = no_limit) noexcept;

// `soon`: the caller is about to suspend itself, so the woken one may as well be next on this worker.
void kick(parker&, bool soon = true) noexcept;
void publish(parker&, bool soon = true) noexcept;

// The clock of the running scheduler: steady, or virtual in a simulation.
[[nodiscard]] std::int64_t now_ns() noexcept;
// Is it that late? Cheaper than now_ns() while it is not; may say so some milliseconds late if the machine has stood still.
[[nodiscard]] bool has_come(std::int64_t at) noexcept;

}  // namespace weft::detail
