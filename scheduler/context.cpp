// Out of line and opaque on purpose: nothing may be cached over a switch.
#include "scheduler/context.hpp"

#include <boost/context/detail/fcontext.hpp>
#include <cstring>

#include "scheduler/sanitizers.hpp"

#if defined(WEFT_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(WEFT_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace weft::detail {
namespace {

namespace fc = boost::context::detail;

#if defined(WEFT_ASAN)
thread_local void const* native_bottom = nullptr;  // filled by the first arrival on a fiber of this thread
thread_local std::size_t native_size = 0;
#endif

// Two functions of their own where they reach thread-locals: their addresses must not be carried over the jump.
#if defined(WEFT_ASAN)
#define WEFT_AROUND_SWITCH [[gnu::noinline]]
#else
#define WEFT_AROUND_SWITCH inline
#endif

WEFT_AROUND_SWITCH void leave([[maybe_unused]] fiber& from, [[maybe_unused]] fiber& to) noexcept {
#if defined(WEFT_ASAN)
  void const* const bottom = to.memory ? to.memory.base : native_bottom;
  std::size_t const size = to.memory ? to.memory.size : native_size;
  __sanitizer_start_switch_fiber(&from.sanitizer, bottom, size);
#endif
#if defined(WEFT_TSAN)
  if (from.sanitizer == nullptr) from.sanitizer = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(to.sanitizer, 0);
#endif
}

WEFT_AROUND_SWITCH void arrive([[maybe_unused]] fiber& self) noexcept {
#if defined(WEFT_ASAN)
  void const* bottom = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(self.sanitizer, &bottom, &size);
  if (native_bottom == nullptr) {
    native_bottom = bottom;
    native_size = size;
  }
#endif
}

// jump_fcontext() leaves by a jump. Called as usual it would leave one entry too many on the CPU's stack of return
// addresses, and all returns after a switch would be predicted wrongly; entered by a jump as well, it leaves that stack
// as it was, which is right wherever fibers wait at the same depth. Measured: a yield takes half the time.
// Inlined into a function that makes other calls, so that there is no red zone under the pushed address.
[[gnu::always_inline]] inline void* jump(void* target, void* data) noexcept {
#if defined(__x86_64__) && !defined(__CET__) && !defined(WEFT_ASAN) && !defined(WEFT_TSAN)
  void* left;
  asm volatile(
      "leaq 1f(%%rip), %%rax\n\t"
      "pushq %%rax\n\t"
      "jmpq *%[jump]\n"
      "1:"
      : "=&a"(left), "+D"(target), "+S"(data)
      : [jump] "r"(&fc::jump_fcontext)
      : "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
  return left;
#else
  return fc::jump_fcontext(target, data).fctx;
#endif
}

[[noreturn]] void enter(fc::transfer_t t) noexcept {
  // The bottom of every fiber: unwinders and debuggers stop here.
#if defined(__x86_64__)
  asm volatile(".cfi_undefined rip");
#elif defined(__aarch64__)
  asm volatile(".cfi_undefined x30");
#endif
  auto const entry = reinterpret_cast<fiber_entry>(t.data);
  entry(t.fctx);
  __builtin_unreachable();
}

}  // namespace

void begin_fiber([[maybe_unused]] fiber& f) noexcept {
#if defined(WEFT_TSAN)
  f.sanitizer = __tsan_create_fiber(0);
#endif
#if defined(WEFT_ASAN)
  f.sanitizer = nullptr;
  __asan_unpoison_memory_region(f.memory.base, f.memory.size);
#endif
}

void end_fiber([[maybe_unused]] fiber& f) noexcept {
#if defined(WEFT_TSAN)
  __tsan_destroy_fiber(f.sanitizer);
  f.sanitizer = nullptr;
#endif
}

[[gnu::noinline]] void* switch_context(fiber& from, fiber& to, fiber_entry entry) noexcept {
  void* data = nullptr;
  void* target = to.context.load(std::memory_order_relaxed);
  if (target == nullptr) {
    target = fc::make_fcontext(to.memory.top(), to.memory.size, enter);
    data = reinterpret_cast<void*>(entry);
#if defined(WEFT_ASAN)
    to.sanitizer = nullptr;
    __asan_unpoison_memory_region(to.memory.base, to.memory.size);
#endif
  }
  leave(from, to);
  void* const left = jump(target, data);
  arrive(from);
  return left;
}

void arrive_fresh(fiber& self) noexcept { arrive(self); }

}  // namespace weft::detail
