#pragma once
// The walk over all blocks, for inspection and shutdown, and what hangs at a block on request.
#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>

#include "runtime/inspection/swallowed.hpp"
#include <weft/detail/core.hpp>

namespace weft::detail {

// Blocks of one size, side by side. All there are hang together, and stay.
struct chunk {
  static constexpr std::size_t first = 64;  // bytes to the first block
  chunk* older;
  std::size_t block;                        // bytes
  std::size_t count;
  [[nodiscard]] future_core& at(std::size_t i) noexcept {
    return *reinterpret_cast<future_core*>(reinterpret_cast<std::byte*>(this) + first + i * block);
  }
};
extern std::atomic<chunk*> newest_chunk;

// Every block that is alive. It may end and be reused meanwhile: compare the generation after copying its fields.
void for_each_core(void (*see)(future_core&, std::uint32_t generation, void* context), void* context);

template <class F>
void each_core(F&& f) {
  for_each_core([](future_core& c, std::uint32_t g, void* p) { (*static_cast<std::remove_reference_t<F>*>(p))(c, g); }, &f);
}

// What destroy() does when there is more to destroy than memory: reports an error nobody looked at, destroys the value, frees.
void destroy_result_of(future_core&) noexcept;
void drop_locals(future_core&) noexcept;  // may suspend

// Seldom needed things, made on demand. Everything in it is guarded by side_lock(core).
struct side_block {
  std::string name;
  std::string message;                       // of the undelivered cancel request
  cancel_cause cause = cancel_cause::requested;  // how it ended, if cancelled
  std::string ended;                         // its message
  callback_record* first = nullptr;          // callbacks of a done future, to be run in this order
  callback_record* last = nullptr;
  bool running = false;                      // somebody runs them
  std::size_t waiting = 0;                   // callbacks registered and not moved to the queue yet
  std::unique_ptr<thrown_cancellation> thrown;   // debug reports
};

[[nodiscard]] std::mutex& side_lock(future_core const&) noexcept;  // striped
[[nodiscard]] side_block& side_of(future_core&);                   // lock held; throws std::bad_alloc
void drop_side(future_core&, side_block*) noexcept;

}  // namespace weft::detail
