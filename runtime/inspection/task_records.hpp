#pragma once
// What is recorded of tasks. Callers ask recording() first.
#include "scheduler/recorder.hpp"
#include "scheduler/work.hpp"
#include <weft/detail/core.hpp>

namespace weft::detail {

void record_spawn(future_core&) noexcept;               // it has its identity, and nobody else knows it
void record_begin(future_core const&) noexcept;         // where it runs, inlined into `outer` if there is one
void record_end(future_core const&, job_state) noexcept;  // there; its block is still its own
[[nodiscard]] occupant recorded_occupant(fiber const&) noexcept;

[[nodiscard]] std::uint64_t word_of(std::source_location) noexcept;  // as happened::spawned has it
[[nodiscard]] std::source_location site_of(std::uint64_t word) noexcept;

}  // namespace weft::detail
