#pragma once
// cancel_scope: a part of a task's life that may cancel the task by itself: a time-out, the body of a group.
//
// Only the owning task touches its scopes, on its own fiber: whoever wants the scope to act sets what wants() reads and
// kicks the fiber. The scope's request counts in cancelling() until leave(), which takes back exactly that request,
// delivered or not; so it cannot leak into what follows, and nobody else's is lost. The protocol: cancel.cpp.
// One that began inside a shield_scope is heard in there, unless there is another shield, or the unwinding of a stack, inside of it.
#include <cstdint>
#include <string_view>

#include <weft/cancel.hpp>
#include <weft/detail/parking.hpp>

namespace weft::detail {

struct future_core;

// The requests that a task has heard of at some time.
struct request_mark {
  int heard;                  // delivered, not taken back
  std::uint32_t deliveries;
};

class cancel_scope {
 public:
  cancel_scope(cancel_scope const&) = delete;
  cancel_scope& operator=(cancel_scope const&) = delete;

 protected:
  cancel_scope(future_core& owner, cancel_cause cause, std::int64_t due) noexcept;
  ~cancel_scope() { (void)leave(); }

  // Ends it; a second time: no effect. True: the owner was cancelled by this scope and, now that this is taken back, by
  // nobody else since the scope began: a cancellation that arrives here is the scope's own. (A request that was pending then
  // comes after.)
  bool leave() noexcept;

  // Asked by the owner after a kick.
  [[nodiscard]] virtual bool wants() const noexcept { return false; }
  [[nodiscard]] virtual std::string_view message() const noexcept { return {}; }

  void set_due(std::int64_t due) noexcept;
  [[nodiscard]] request_mark const& before() const noexcept { return before_; }
  [[nodiscard]] bool left() const noexcept { return left_; }
  [[nodiscard]] future_core& owner() const noexcept { return owner_; }

  std::int64_t due_;        // no_limit: never; changed by set_due()
  bool expired_ = false;    // due has passed, and the owner has come to a checkpoint since

 private:
  friend std::int64_t look_at_scopes(future_core&) noexcept;
  friend std::int64_t nearest_deadline(future_core&) noexcept;
  friend void deliver_again(future_core&, request_mark const&, cancelled const&) noexcept;
  friend bool hears(future_core const&, unsigned) noexcept;
  friend cancelled take_request(future_core&, unsigned);
  [[nodiscard]] bool is_pending() const noexcept;
  [[nodiscard]] bool is_heard(unsigned uncaught) const noexcept;  // in spite of a shield

  future_core& owner_;
  cancel_scope* const outer_;
  std::uint32_t delivered_ = 0;   // the owner's deliveries when the request was made
  request_mark const before_;     // when it began
  unsigned const uncaught_;       // exceptions in flight when it began inside a shield
  std::uint8_t const mask_;       // the owner's when it began
  cancel_cause const cause_;
  bool requested_ = false;
  bool left_ = false;
  bool timed_before_;
};

}  // namespace weft::detail
