#pragma once
// Stands in for scheduler/fence.hpp, where there is membarrier: the light half is nothing but an order for the compiler.
#include <weft/detail/atomic.hpp>

namespace weft::detail {

inline atomic<int>* fences = nullptr;  // the scenario's; each heavy one is a step that others may run before

inline void light_fence() noexcept {}
inline void heavy_fence() noexcept {
  (void)fences->fetch_add(1, std::memory_order_seq_cst);
  model::memory::membarrier();
}

}  // namespace weft::detail
