#pragma once
// task_locals: the set of values that a task has. Shared by parent and children until one of them sets something.
//
// Only what owns the slot (the running task, or thread) adds owners to the set in it; so who sees himself the only one stays
// that, and may change the set in place. No set at all, the everyday case, is null.
#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "runtime/runtime_core.hpp"
#include <weft/task_local.hpp>

namespace weft::detail {

class task_locals {
 public:
  task_locals() noexcept = default;
  task_locals(task_locals const& o) : all_(o.all_) {}  // the same values, for a new owner
  task_locals& operator=(task_locals const&) = delete;

  [[nodiscard]] local_value const* find(std::uint64_t key) const noexcept;
  // Returns what was there before: its destructor is the user's, and sees the set as it is now.
  std::unique_ptr<local_value> put(std::uint64_t key, std::unique_ptr<local_value>);

  void add_owner() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] bool sole_owner() const noexcept { return owners_.load(std::memory_order_acquire) == 1; }
  // True: that was the last one. The release pairs with the acquire of whoever is left.
  [[nodiscard]] bool drop_owner() noexcept {
    return sole_owner() || owners_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 private:
  // A share in a value; several sets may have one.
  class shared_value {
   public:
    explicit shared_value(std::unique_ptr<local_value> v) noexcept : value_(v.release()) {}
    shared_value(shared_value const& o) noexcept : value_(o.value_) { value_->owners.fetch_add(1, std::memory_order_relaxed); }
    shared_value(shared_value&& o) noexcept : value_(std::exchange(o.value_, nullptr)) {}
    shared_value& operator=(shared_value o) noexcept {
      std::swap(value_, o.value_);
      return *this;
    }
    ~shared_value() { delete let_go(); }
    [[nodiscard]] local_value const* get() const noexcept { return value_; }
    // The value, if nobody else has a share in it.
    [[nodiscard]] local_value* let_go() noexcept {
      auto* const v = std::exchange(value_, nullptr);
      return v != nullptr && v->owners.fetch_sub(1, std::memory_order_acq_rel) == 1 ? v : nullptr;
    }

   private:
    local_value* value_;
  };
  struct entry {
    std::uint64_t key;
    shared_value value;
  };

  std::atomic<std::uint32_t> owners_{1};
  std::vector<entry> all_;  // by key
};

[[nodiscard]] inline task_locals* share(task_locals* s) noexcept {
  if (s != nullptr) s->add_owner();
  return s;
}
void release(task_locals*) noexcept;  // may destroy values, so it may suspend

// The slot of what runs here: the task, on a worker outside of tasks its fiber, else the thread.
[[nodiscard]] task_locals*& locals_here() noexcept;

// While it lives, what runs here has those values; what it sets goes with it.
class locals_scope {
 public:
  explicit locals_scope(task_locals* those) noexcept : slot_(locals_here()), before_(std::exchange(slot_, share(those))) {}
  ~locals_scope() { release(std::exchange(slot_, before_)); }
  locals_scope(locals_scope const&) = delete;
  locals_scope& operator=(locals_scope const&) = delete;

 private:
  task_locals*& slot_;  // a task's or a fiber's goes with it; a thread's stays, and so does who runs there
  task_locals* const before_;
};

}  // namespace weft::detail
