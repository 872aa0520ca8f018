#pragma once
// Stands in for scheduler/fence.hpp. All fences of an execution are updates of one word: each drains its thread's stores, and sees what
// those before it have seen, and all seq_cst modifications so far: which is what full fences do.
#include <weft/detail/atomic.hpp>

namespace weft::detail {

inline atomic<int>* fences = nullptr;  // the scenario's

inline void light_fence() noexcept {
  (void)fences->fetch_add(1, std::memory_order_seq_cst);
  model::memory::see_total_order();
}
inline void heavy_fence() noexcept { light_fence(); }

}  // namespace weft::detail
