#include "runtime/inspection/frames.hpp"

#include <cstddef>
#include <cstdint>

#include <boost/version.hpp>

namespace weft::detail {
namespace {

constexpr std::size_t longest = 48;

// Where jump_fcontext() of Boost.Context has put the frame pointer and the place to go on at, in bytes from the saved stack pointer.
#if defined(__x86_64__)
constexpr std::size_t frame_pointer_at = BOOST_VERSION >= 108100 ? 0x38 : 0x30, place_at = frame_pointer_at + 8;
#elif defined(__aarch64__)
constexpr std::size_t frame_pointer_at = 0x90, place_at = 0xa0;
#else
constexpr std::size_t frame_pointer_at = 0, place_at = 0;  // not known: no frames
#endif

// What is read may be any word of that stack, also what a sanitizer keeps to itself.
[[gnu::noinline, gnu::no_sanitize_address, gnu::no_sanitize_thread]] std::uintptr_t word(std::uintptr_t at) noexcept {
  return *reinterpret_cast<std::uintptr_t const*>(at);
}

}  // namespace

std::vector<void*> frames_of(fiber const& f) {
  std::vector<void*> all;
  auto const begin = reinterpret_cast<std::uintptr_t>(f.context.load(std::memory_order_relaxed));
  auto const end = reinterpret_cast<std::uintptr_t>(f.top.load(std::memory_order_relaxed));
  if (place_at == 0 || begin == 0 || end - begin <= place_at) return all;
  all.push_back(reinterpret_cast<void*>(word(begin + place_at)));
  auto low = begin + place_at;
  for (auto at = word(begin + frame_pointer_at); all.size() != longest; at = word(at)) {
    // Each frame is further up than the one it has called, and on this stack; else somebody uses that register otherwise.
    if (at <= low || at % sizeof(void*) != 0 || at > end - 2 * sizeof(void*)) break;
    auto const back = word(at + sizeof(void*));
    if (back == 0) break;
    all.push_back(reinterpret_cast<void*>(back));
    low = at;
  }
  return all;
}

}  // namespace weft::detail
