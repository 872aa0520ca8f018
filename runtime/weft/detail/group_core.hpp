#pragma once
// group_core: what a task group knows of its children: who lives, who has failed.
//
//   word_   | children 32 | .. | closed | aborting | locked |
//
// Invariants
//   T1  A child is counted and listed by one critical section before it is queued, and counted off after it is done; that
//       store is its last touch of the group, which may go then. Whom to wake is read before.
//   T2  `closed` is set by the store that sees no children. So "finished" and "spawn" cannot both win.
//   T3  `aborting` is set once; nobody joins the list afterwards. So each child is asked to end exactly once: asked children
//       move to a list of their own.
//   T4  A listed child is kept by the group's own reference (which also keeps it out of the sole-handle mode, job.hpp). One
//       that failed keeps it, with its error, until the join: so a failure needs no memory.
// The lock bit is held for pointer swaps only. Orders: unlock (release) pairs with lock (acquire).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/detail/cancel_scope.hpp>
#include <weft/detail/core.hpp>
#include <weft/exception_group.hpp>

namespace weft::detail {

class group_core;

struct group_link {
  group_link* next = this;
  group_link* prev = this;
  void insert_before(group_link& at) noexcept;
  void unlink() noexcept;
};

// At the end of a child's block: member_of().
struct group_member : group_link {
  std::atomic<group_core*> group{nullptr};
  future_core* core = nullptr;
  group_member* next_failed = nullptr;
};

class group_core {
 public:
  explicit group_core(runtime_core& home) noexcept;
  group_core(group_core const&) = delete;
  group_core& operator=(group_core const&) = delete;

  // A block that was made with room for a member, not queued yet. group_closed_error.
  void enroll(future_core&);
  void withdraw(future_core&) noexcept;             // it could not be queued: lets go of the block
  void leave(future_core&) noexcept;                // it is done

  // Asks all children to end, takes no more, interrupts the body. Again: no effect.
  void abort(std::string_view message) noexcept;
  [[nodiscard]] bool aborting() const noexcept { return (word_.load(std::memory_order_acquire) & aborting_bit) != 0; }
  [[nodiscard]] bool closed() const noexcept { return (word_.load(std::memory_order_acquire) & closed_bit) != 0; }
  [[nodiscard]] std::size_t size() const noexcept { return word_.load(std::memory_order_acquire) / one_child; }

  // S  Until no child is left and none can come. If the caller is cancelled meanwhile, the children are; what he was sent.
  // Two at once: std::logic_error.
  std::optional<cancelled> wait_and_close();
  [[nodiscard]] std::vector<failure> take_failures();      // after wait_and_close()
  void report_failures() noexcept;                         // the same, nobody will look at them

  // For inspection, while whoever waits for the children is kept from going on: some thousand of them. std::bad_alloc.
  void list_children(std::vector<future_core*>& into);

  void interrupts(future_core* body) noexcept { body_.store(body, std::memory_order_seq_cst); }  // null: no longer

  runtime_core& home;
  std::int64_t const limit;                         // the creator's deadline, for those who ask for theirs

 private:
  static constexpr std::uint64_t lock_bit = 1, aborting_bit = 2, closed_bit = 4;
  static constexpr std::uint64_t one_child = std::uint64_t{1} << 32;
  struct wait;

  std::uint64_t lock() noexcept;
  void unlock(std::uint64_t w) noexcept { word_.store(w, std::memory_order_release); }
  bool try_close() noexcept;

  std::atomic<std::uint64_t> word_{0};
  // Under the lock:
  group_link children_, asked_;
  group_member* first_failed_ = nullptr;
  group_member* last_failed_ = nullptr;
  parker* joiner_ = nullptr;
  std::atomic<future_core*> body_{nullptr};
};

[[nodiscard]] inline group_member& member_of(future_core& c) noexcept {
  return *std::launder(reinterpret_cast<group_member*>(reinterpret_cast<std::byte*>(&c) + core_size_class[c.size_class] -
                                                      sizeof(group_member)));
}

// with_group around its body: the scope that lets the group interrupt it, and how the group ends. On the caller's stack.
class group_run {
 public:
  explicit group_run(group_core&);
  void body_failed(std::exception_ptr e) noexcept { error_ = std::move(e); }
  void body_cancelled(cancelled const& e) { stopped_ = e; }
  // S  Once. Throws exception_group, or cancelled if that came from outside; returns if the group went well or was cancel()led.
  void finish();

 private:
  class scope final : public cancel_scope {
   public:
    scope(future_core& owner, group_core& g) noexcept : cancel_scope(owner, cancel_cause::group, no_limit), group_(g) {}
    using cancel_scope::before;
    using cancel_scope::leave;

   private:
    bool wants() const noexcept override { return group_.aborting(); }
    group_core& group_;
  };

  group_core& group_;
  future_core* const self_;
  std::optional<scope> scope_;
  std::exception_ptr error_;
  std::optional<cancelled> stopped_;
};

// S  How a group ends. `outside`: what has reached the body from there, since `since` (null: there was none).
void join_group(group_core&, std::exception_ptr body_error, std::optional<cancelled> outside, request_mark const* since);

}  // namespace weft::detail
