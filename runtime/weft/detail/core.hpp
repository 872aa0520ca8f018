#pragma once
// future_core: the block behind every handle: a task, or a promise's shared state. Type-stable memory (slab.cpp).
//
// Who writes what
//   result        by whoever has claimed the job, before the waiters' list is closed
//   requests      anyone, by RMW only; claim and finish never write it, so no request is lost
//   where         the claimer: the fiber (or thread) it runs on. cancel() writes the request, then reads this and kicks
//   outer, waiting, scopes, mask, deliveries, timed   the task itself, on its own fiber
//   the identity  set before publication, read by inspection under `generation`
// A block's next life finds outer, waiting, scopes and mask as its last one left them: unset, by scopes that have ended.
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

#include <weft/cancel.hpp>
#include <weft/detail/unstarted.hpp>
#include <weft/detail/wait_list.hpp>

namespace weft::detail {

struct future_core;
struct side_block;
class cancel_scope;
class group_core;
class runtime_core;
class task_locals;

enum class core_kind : std::uint8_t { task, promise, blocking, callback };

// What a walk over all blocks may read while the block begins its next life.
template <class T>
class relaxed {
 public:
  relaxed(T v) noexcept : value_(v) {}
  relaxed& operator=(T v) noexcept {
    value_.store(v, std::memory_order_relaxed);
    return *this;
  }
  operator T() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<T> value_;
};

// What only the typed half knows. One static table per type.
struct core_ops {
  job_state (*run)(future_core&) noexcept;              // calls the callable, keeps what comes of it, destroys the callable
  void (*discard)(future_core&) noexcept;               // destroys the callable without calling it
  void (*clear)(future_core&, job_state) noexcept;      // destroys the result
  std::exception_ptr& (*error)(future_core&) noexcept;  // where a failure's exception is kept
  bool trivial;                                         // a value needs no clear()
};

// What a suspended task waits for, as others on the same fiber need to know it. Lives on the waiting stack.
struct wait_record {
  void (*look)(wait_record&, future_core& self) noexcept;  // after a kick: forward requests, note what has happened
};

struct alignas(16) future_core : unstarted {
  future_core() noexcept : unstarted(0) {}

  wait_list waiters;                          // closed: done
  std::atomic<std::uint64_t> requests{0};     // see cancel.cpp
  std::atomic<parker*> where{nullptr};        // while its body runs: whoever kicks it finds it there
  core_ops const* ops = nullptr;
  future_core* outer = nullptr;               // the joiner it is inlined into
  wait_record* waiting = nullptr;
  cancel_scope* scopes = nullptr;             // time-outs and group bodies it is in, the innermost first
  std::atomic<side_block*> side{nullptr};     // name, message, callbacks: only if asked for
  task_locals* locals = nullptr;              // a share in its parent's, until it sets something itself
  std::atomic<runtime_core*> rt{nullptr};
  std::atomic<std::uint64_t> id{0}, parent{0};
  std::atomic<std::source_location> site{};
  std::atomic<std::int64_t> born{0};
  std::atomic<std::uint32_t> generation{0};   // odd: alive
  std::uint32_t deliveries = 0;               // requests thrown or passed on so far
  bool timed = false;                         // it, or who it is inlined into, is in a time-out
  std::uint8_t mask = 0;                      // shield scopes it is in
  std::uint8_t size_class = 0;
  relaxed<core_kind> kind = core_kind::task;
  std::atomic<std::uint8_t> flags{0};         // below

  static constexpr std::uint8_t observed = 1;  // somebody has looked at the error
  static constexpr std::uint8_t taken = 2;     // take() has moved the value out
  static constexpr std::uint8_t grouped = 4;   // a group's child: group_core.hpp
  static constexpr std::uint8_t forwarding = 8;  // a shield's: value and error are another's, see shield.hpp
  static constexpr std::uint8_t taker = 16;    // does a part of another task's work: team.hpp
  static constexpr std::uint8_t pooled = 32;   // lies in a thread_pool's queue: thread_pool.hpp
  static constexpr std::uint8_t inner = 64;    // a call within its awaiter's: he alone cancels it, and has its value once it has run

  [[nodiscard]] bool done() const noexcept { return waiters.closed(); }
  [[nodiscard]] bool has(std::uint8_t flag) const noexcept { return (flags.load(std::memory_order_relaxed) & flag) != 0; }
  bool mark(std::uint8_t flag) noexcept { return (flags.fetch_or(flag, std::memory_order_relaxed) & flag) != 0; }
  void unmark(std::uint8_t flag) noexcept { flags.fetch_and(static_cast<std::uint8_t>(~flag), std::memory_order_relaxed); }
  [[nodiscard]] void* payload() noexcept { return this + 1; }
};

// --- memory (slab.cpp)
inline constexpr std::size_t core_size_class[] = {160, 176, 192, 256, 384, 640, 1280};
[[nodiscard]] future_core& allocate_core_of(std::size_t size_class);
[[nodiscard]] inline future_core& allocate_core(std::size_t payload) {  // one handle, one entry; throws std::bad_alloc
  std::size_t k = 0;
  while (core_size_class[k] < sizeof(future_core) + payload) ++k;
  return allocate_core_of(k);
}
void free_core(future_core&) noexcept;                          // nobody knows it any more
void destroy(future_core&) noexcept;                            // last owner gone: reports, clears, frees

// --- handles
inline void add_handle(future_core& c) noexcept { c.add_owner(job::one_handle); }
inline void drop_handle(future_core& c) noexcept {
  if (c.drop_owner(job::one_handle)) destroy(c);
}

// --- running (join.cpp)
[[nodiscard]] future_core* current_core() noexcept;             // of the running task; null outside
void launch(future_core&, runtime_core*);                       // queues a task; owners: one handle, one entry
void join(future_core&);                                        // S  get()'s rule: inlines, forwards a cancel
bool run_in_place(future_core&) noexcept;                       // S  if it is unstarted and may run on this stack; true: it has run
bool wait_done(future_core&, std::int64_t until);               // S  wait()'s rule
void join_shielded(future_core&) noexcept;                      // waits whatever comes
void finish(future_core&, job_state) noexcept;                  // result kept: closes the list, wakes, posts callbacks
[[noreturn]] void rethrow(future_core&);                        // failed or cancelled: throws what get() throws
[[nodiscard]] std::exception_ptr error_of(future_core&);        // exception()'s rule

// --- cancellation (cancel.cpp)
bool request_cancel(future_core&, cancel_cause, std::string_view message);
void keep_cancellation(future_core&, cancelled const&) noexcept;  // the body threw it: how it ended
future_core* checkpoint();                                      // throws cancelled if a request can be delivered; else current_core()

// --- promises (promise.cpp)
[[nodiscard]] future_core* make_promise_core(core_ops const*, std::size_t payload);  // one handle
bool try_fail(future_core&, std::exception_ptr);
void break_promise(future_core&) noexcept;

// --- shields (shield.cpp)
[[nodiscard]] future_core* make_shield(future_core& inner);     // one handle
[[nodiscard]] future_core& forwarded(future_core&) noexcept;    // whose payload has the value
[[nodiscard]] bool is_last_handle(future_core&) noexcept;       // and so on, to that one

// --- callbacks (callbacks.cpp)
struct callback_record;

struct callback_function {
  virtual ~callback_function() = default;
  virtual void call(future_core&) = 0;
};

callback_record* add_callback(future_core&, std::unique_ptr<callback_function>, bool only_if_cancelled);
void reset_callback(callback_record&);              // afterwards it does not run and is not running
void forget_callback(callback_record&) noexcept;    // the token is gone

// --- the rest
[[nodiscard]] runtime_core& runtime_here(char const* what);     // of the running task; throws no_runtime_error
[[nodiscard]] std::string name_of(future_core&);
void set_name(future_core&, std::string);
void report_unobserved(future_core&, std::exception_ptr, std::string_view what) noexcept;  // to on_unhandled

}  // namespace weft::detail
