#pragma once
// debug_layout: where in memory tasks are, and what is where in them: all that a debugger needs to list tasks and to show their
// stacks. tools/weft-gdb.py reads it, from a process or a core file, without debug information: the symbol is enough.
//
// Whoever adds, removes or reorders anything here, or changes what a field means, raises `this_version` and changes the script.
#include <cstdint>

namespace weft::detail {

struct debug_layout {
  static constexpr std::uint64_t this_version = 1;

  std::uint64_t version, size;  // of this table; bytes
  void const* newest_chunk;     // atomic<chunk*>: of blocks, see slab.hpp
  void const* awaited_names;    // char const*[]: of kinds of awaited

  // awaited: kind << awaited_shift | address
  std::uint64_t awaited_shift, awaited_count, awaited_future, awaited_mutex, awaited_shared_mutex;

  // Offsets in bytes, unless it is something's value.
  std::uint64_t chunk_older, chunk_block, chunk_count, chunk_first;

  // future_core: a block. generation odd: alive. site: a pointer to {char const* file, char const* function, uint32 line}.
  std::uint64_t core_state, core_where, core_outer, core_side, core_runtime, core_id, core_parent, core_site, core_born, core_generation,
      core_kind;
  std::uint64_t kind_promise, kind_callback, state_queued, state_running;

  // side_block: what hangs at a block. string_known: a std::string begins with a pointer and a size.
  std::uint64_t side_name, string_known;

  // parker, then the two kinds of it. fiber_context: Boost.Context's fcontext_t.
  std::uint64_t parker_word, parker_kind, parked_bit, kind_thread, thread_id;
  std::uint64_t fiber_context, fiber_base, fiber_size, fiber_current, fiber_waits_for;

  // runtime_core: a std::string; a pointer to its scheduler. There a pointer to a simulated world, or null; there its time.
  std::uint64_t runtime_name, runtime_scheduler, scheduler_world, world_now;

  // The table of this build. A member, so that it may be a friend of those it describes.
  static constexpr debug_layout make() noexcept;
};

}  // namespace weft::detail

extern "C" weft::detail::debug_layout const weft_debug_layout;
