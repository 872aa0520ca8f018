#pragma once
// awaited: what a suspended task waits for, in one word that anyone may look at.
#include <cstdint>

namespace weft::detail {

class awaited {
 public:
  enum kind : std::uint8_t {
    nothing, future, several, part, group, time, event, latch, semaphore, mutex, shared_mutex, condition, barrier, queue, channel, select,
    input, output
  };

  constexpr awaited() noexcept = default;
  awaited(kind k, void const* what) noexcept : word_(reinterpret_cast<std::uintptr_t>(what) | std::uint64_t{k} << address_bits) {}
  explicit constexpr awaited(std::uint64_t word) noexcept : word_(word) {}

  [[nodiscard]] std::uint64_t word() const noexcept { return word_; }
  [[nodiscard]] kind what() const noexcept { return static_cast<kind>(word_ >> address_bits); }
  // Only a future's block may be looked into (slabs are never unmapped): anything else may be gone by now, unless the waiting
  // task is kept from going on. several: its completions; part: the portion.
  [[nodiscard]] void* where() const noexcept { return reinterpret_cast<void*>(word_ & ((std::uint64_t{1} << address_bits) - 1)); }

 private:
  friend struct debug_layout;
  static constexpr int address_bits = 56;  // of user space
  std::uint64_t word_ = 0;
};

// What reports call each kind. Of a future its block says more.
extern char const* const awaited_names[awaited::output + 1];

}  // namespace weft::detail
