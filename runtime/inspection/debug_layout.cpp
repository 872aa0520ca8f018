#include "runtime/inspection/debug_layout.hpp"

#include <cstddef>
#include <memory>
#include <source_location>
#include <string>

#include "runtime/runtime_core.hpp"
#include "scheduler/thread_parker.hpp"
#include <weft/detail/awaited.hpp>

#pragma GCC diagnostic ignored "-Winvalid-offsetof"  // of types with bases and private members: both compilers have it

namespace weft::detail {

static_assert(sizeof(void*) == 8 && sizeof(std::atomic<void*>) == 8 && sizeof(std::atomic<std::uint64_t>) == 8,
              "the script reads words of 8 bytes");
static_assert(sizeof(std::unique_ptr<scheduler>) == sizeof(void*), "the script follows it as a pointer");
static_assert(sizeof(std::source_location) == sizeof(void*), "the script follows it as a pointer");
static_assert(sizeof(job_state) == 4 && sizeof(relaxed<core_kind>) == 1 && sizeof(parker::kind) == 1);

namespace {

constexpr std::uint64_t number(auto n) noexcept { return static_cast<std::uint64_t>(n); }

#if defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
constexpr std::uint64_t string_known = 1;
#else
constexpr std::uint64_t string_known = 0;
#endif

}  // namespace

constexpr debug_layout debug_layout::make() noexcept {
  return {
      .version = this_version,
      .size = sizeof(debug_layout),
      .newest_chunk = &detail::newest_chunk,
      .awaited_names = detail::awaited_names,

      .awaited_shift = number(awaited::address_bits),
      .awaited_count = std::size(detail::awaited_names),
      .awaited_future = awaited::future,
      .awaited_mutex = awaited::mutex,
      .awaited_shared_mutex = awaited::shared_mutex,

      .chunk_older = offsetof(chunk, older),
      .chunk_block = offsetof(chunk, block),
      .chunk_count = offsetof(chunk, count),
      .chunk_first = chunk::first,

      .core_state = offsetof(future_core, state_),
      .core_where = offsetof(future_core, where),
      .core_outer = offsetof(future_core, outer),
      .core_side = offsetof(future_core, side),
      .core_runtime = offsetof(future_core, rt),
      .core_id = offsetof(future_core, id),
      .core_parent = offsetof(future_core, parent),
      .core_site = offsetof(future_core, site),
      .core_born = offsetof(future_core, born),
      .core_generation = offsetof(future_core, generation),
      .core_kind = offsetof(future_core, kind),
      .kind_promise = number(core_kind::promise),
      .kind_callback = number(core_kind::callback),
      .state_queued = number(job_state::queued),
      .state_running = number(job_state::running),

      .side_name = offsetof(side_block, name),
      .string_known = detail::string_known,

      .parker_word = offsetof(parker, word_),
      .parker_kind = offsetof(parker, kind_),
      .parked_bit = parker::parked_bit,
      .kind_thread = number(parker::kind::thread),
      .thread_id = offsetof(thread_parker, thread),
      .fiber_context = offsetof(fiber, context),
      .fiber_base = offsetof(fiber, memory) + offsetof(stack, base),
      .fiber_size = offsetof(fiber, memory) + offsetof(stack, size),
      .fiber_current = offsetof(fiber, current),
      .fiber_waits_for = offsetof(fiber, waits_for),

      .runtime_name = offsetof(runtime_core, options) + offsetof(runtime_options, name),
      .runtime_scheduler = offsetof(runtime_core, sched),
      .scheduler_world = offsetof(scheduler, options) + offsetof(scheduler_options, world),
      .world_now = offsetof(simulated_world, now),
  };
}

}  // namespace weft::detail

// Kept whatever the linker thinks: nobody in the program reads it.
[[gnu::used, gnu::retain]] constinit weft::detail::debug_layout const weft_debug_layout = weft::detail::debug_layout::make();
