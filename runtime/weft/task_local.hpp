#pragma once
// task_local: a value that follows the task, not the thread: request ids, trace contexts, loggers, tenants.
//
// A child begins with what its parent has when it spawns it, at the cost of one reference count; what either sets later the
// other does not see. The values go along over suspensions, from thread to thread, into run_blocking, and into done-callbacks
// and on_unhandled: those see what was set where they were registered, or in the task that failed. A plain thread has values
// of its own, which what it spawns inherits. Destroyed when the last task that has inherited them has ended and its handles
// are gone: on any thread.
#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace weft {
namespace detail {

struct local_value {
  virtual ~local_value() = default;
  std::atomic<std::uint32_t> owners{1};
};

[[nodiscard]] std::uint64_t new_local_key() noexcept;                      // never given again
[[nodiscard]] local_value const* find_local(std::uint64_t key) noexcept;   // of what runs here; null: not set
void set_local(std::uint64_t key, std::unique_ptr<local_value>);           // throws std::bad_alloc, and nothing has changed

}  // namespace detail

// As a rule a static object. Parent and children share the values set before: const access from several tasks at once has to
// be safe, as for all of std's types. T need not be copyable.
template <class T>
class task_local {
  static_assert(std::is_object_v<T> && !std::is_const_v<T> && !std::is_array_v<T>, "weft: a task_local holds an object by value");
  static_assert(std::is_nothrow_destructible_v<T>,
                "weft: the value of a task_local may be destroyed wherever a task ends, so its destructor must not throw");

 public:
  using value_type = T;

  task_local()
    requires std::default_initializable<T>
  = default;
  // What get() says where nothing was set.
  explicit task_local(T initial) noexcept(std::is_nothrow_move_constructible_v<T>) : initial_(std::move(initial)) {}
  task_local(task_local const&) = delete;
  task_local& operator=(task_local const&) = delete;

  // Of the running task, elsewhere of the thread. The reference holds until the same task's next set() of this task_local.
  [[nodiscard]] T const& get() const noexcept {
    auto const* const found = detail::find_local(key_);
    return found != nullptr ? static_cast<held const*>(found)->value : initial_;
  }

  // For the running task and for what it spawns from now on; elsewhere for the thread.
  void set(T value) { detail::set_local(key_, std::make_unique<held>(std::move(value))); }

 private:
  struct held final : detail::local_value {
    explicit held(T&& v) : value(std::move(v)) {}
    T value;
  };

  std::uint64_t const key_ = detail::new_local_key();
  T const initial_{};
};

}  // namespace weft
