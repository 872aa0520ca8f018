#pragma once
// Cancellation: what is thrown, what an awaiter sees, and how to put it off.
//
// Edge-triggered, as in asyncio: one request is thrown once, at a checkpoint; the handler may suspend (clean up) and
// should rethrow. Swallowing it is legal. Nothing is delivered while the stack unwinds. A destructor that runs as its scope ends
// in the ordinary way is another matter: if it calls what may suspend (a mutex, too), it makes a shield_scope first, or a
// request that comes there is thrown out of it, and ends the process.
#include <stdexcept>
#include <string>

namespace weft {

enum class cancel_cause { requested, timeout, group, awaiter, shutdown, signal };

// Thrown in the cancelled task itself. NOT a std::exception: catch (std::exception&) lets it by.
class cancelled final {
 public:
  explicit cancelled(std::string message = {}) : message_(std::move(message)) {}
  cancelled(std::string message, cancel_cause cause) : message_(std::move(message)), cause_(cause) {}
  [[nodiscard]] std::string const& message() const noexcept { return message_; }
  [[nodiscard]] cancel_cause cause() const noexcept { return cause_; }

 private:
  std::string message_;
  cancel_cause cause_ = cancel_cause::requested;
};

// What get() of a cancelled task throws in an awaiter that was not cancelled itself. what() is the message.
class task_cancelled_error : public std::runtime_error {
 public:
  task_cancelled_error(std::string const& message, cancel_cause cause) : std::runtime_error(message), cause_(cause) {}
  [[nodiscard]] cancel_cause cause() const noexcept { return cause_; }

 private:
  cancel_cause cause_;
};

template <class T>
class future;

// The future that ends as the given one, and can be cancelled without it: get() of it, cancelled, leaves the inner one running.
// Defined in <weft/future.hpp>.
template <class T>
[[nodiscard]] future<T> shield(future<T>);

// While it lives nothing is delivered to the task that made it; what is pending comes at the first checkpoint after. It keeps out
// what is outside: a time-out, or the body of a group, that begins inside of it works there, also in a destructor while the stack
// unwinds (which has to catch the timeout_error). Outside of a task: no effect. To be destroyed by the same task.
class [[nodiscard]] shield_scope {
 public:
  [[nodiscard]] shield_scope() noexcept;
  ~shield_scope();
  shield_scope(shield_scope const&) = delete;
  shield_scope& operator=(shield_scope const&) = delete;

 private:
  void* task_;
};

}  // namespace weft
