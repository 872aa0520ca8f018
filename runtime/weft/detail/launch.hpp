#pragma once
// From a callable to a task's block: the typed half of spawn.
#include <concepts>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

#include <weft/detail/result.hpp>

namespace weft {

// "" -> "task-<id>"; stack_size 0 -> the runtime's.
struct task_options {
  std::string name = {};
  std::size_t stack_size = 0;
};

namespace detail {

template <class F>
concept runnable = std::invocable<std::decay_t<F>> && std::is_constructible_v<std::decay_t<F>, F>;

template <class F>
using result_of = std::decay_t<std::invoke_result_t<std::decay_t<F>>>;

template <class F>
struct payload {
  using callable = std::decay_t<F>;
  using value = result_of<F>;
  using stored = std::conditional_t<fits_inline<callable>, callable, std::unique_ptr<callable>>;

  static constexpr std::size_t offset = (sizeof(result<value>) + alignof(stored) - 1) / alignof(stored) * alignof(stored);
  static constexpr std::size_t size = offset + sizeof(stored);

  static stored& kept(future_core& c) noexcept {
    return *std::launder(reinterpret_cast<stored*>(static_cast<std::byte*>(c.payload()) + offset));
  }
  static void keep(future_core& c, F&& f) {
    void* const at = static_cast<std::byte*>(c.payload()) + offset;
    if constexpr (fits_inline<callable>) {
      ::new (at) stored(std::forward<F>(f));
    } else {
      ::new (at) stored(new callable(std::forward<F>(f)));
    }
  }

  static callable&& take(future_core& c) noexcept {
    if constexpr (fits_inline<callable>) {
      return std::move(kept(c));
    } else {
      return std::move(*kept(c));
    }
  }

  static job_state run(future_core& c) noexcept {
    auto& kept_result = result<value>::of(c);
    job_state ends = job_state::finished;
    try {
      kept_result.set_from_call([&]() -> decltype(auto) { return std::invoke(take(c)); });
    } catch (cancelled const& e) {
      keep_cancellation(c, e);
      ends = job_state::cancelled;
    } catch (...) {
      kept_result.set_error(std::current_exception());
      ends = job_state::failed;
    }
    discard(c);
    return ends;
  }
  // A captured destructor may throw: that is reported, the outcome stands.
  static void discard(future_core& c) noexcept {
    try {
      if constexpr (fits_inline<callable>) {
        kept(c).~stored();
      } else {
        delete kept(c).release();
      }
    } catch (...) {
      report_unobserved(c, std::current_exception(), "a task's callable has thrown when it was destroyed");
    }
  }

  static constexpr core_ops ops{&run, &discard, &result<value>::clear, &result<value>::error_in, result<value>::trivial};
};

inline std::uint32_t kib(std::size_t bytes) noexcept { return static_cast<std::uint32_t>((bytes + 1023) / 1024); }

// A block with the callable in it, not queued yet. One handle, one entry. `behind`: bytes at the end, for whoever asks.
template <class F>
future_core& make_task(F&& f, task_options* options, std::source_location site, std::size_t behind = 0) {
  future_core& c = allocate_core(payload<F>::size + behind);
  try {
    payload<F>::keep(c, std::forward<F>(f));
  } catch (...) {
    free_core(c);
    throw;
  }
  c.ops = &payload<F>::ops;
  c.site.store(site, std::memory_order_relaxed);
  if (options != nullptr) {
    try {
      if (!options->name.empty()) set_name(c, std::move(options->name));
    } catch (...) {
      payload<F>::discard(c);
      free_core(c);
      throw;
    }
    c.stack_kib = kib(options->stack_size);
  }
  return c;
}

// Queues it; on failure nothing is left behind.
template <class F>
inline void launch_or_discard(future_core& c, runtime_core* rt) {
  try {
    launch(c, rt);
  } catch (...) {
    payload<F>::discard(c);
    free_core(c);
    throw;
  }
}

template <class F>
constexpr void require_runnable() {
  static_assert(runnable<F>,
                "weft: this cannot be run as a task: it must be callable without arguments after being decay-copied "
                "(a lambda with no parameters; capture by value what it uses, [x = std::move(x)] for move-only things)");
}

}  // namespace detail
}  // namespace weft
