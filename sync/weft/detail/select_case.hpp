#pragma once
// select_case: what select() knows of a case. The algorithm is in select.cpp, the cases beside what they are cases of.
#include <cstddef>
#include <cstdint>
#include <span>

#include <weft/detail/waiters.hpp>

namespace weft::detail {

// On the stack of the one who selects.
class select_case {
 public:
  static constexpr std::int64_t always = INT64_MIN;  // as the time since when: `otherwise`

  select_case(select_case const&) = delete;
  select_case& operator=(select_case const&) = delete;

 protected:
  // Of an object with a lock; or of none (null). `node` is what is listed in it.
  select_case(atomic<std::uint64_t>* word, waiter* node) noexcept : word_(word), node_(node) {}
  explicit select_case(std::int64_t due = no_limit) noexcept : due_(due) {}
  ~select_case() = default;

  // Under the lock, which rest() belongs to: is it ready? If so it is taken: the choice has been made. Without a lock: as it is.
  virtual bool take() noexcept = 0;
  // Under the lock: into the list.
  virtual void list() noexcept {}
  // Without it: out of the list, if it is still in it. Passes on what it stood in the way of.
  virtual void leave() noexcept {}
  // Another one has been chosen: gives back what was prepared. Last touch of the object.
  virtual void forgo() noexcept {}
  // Claimed, but for nothing: to be listed again.
  [[nodiscard]] virtual bool again() const noexcept { return false; }

  // The rest of the object's word while it is locked: stored when it is unlocked.
  [[nodiscard]] std::uint64_t& rest() noexcept { return *rest_; }

 private:
  friend class selection;

  atomic<std::uint64_t>* const word_ = nullptr;
  waiter* const node_ = nullptr;
  std::int64_t const due_ = no_limit;  // since when it is ready without anything happening, or always
  std::uint64_t own_rest_ = 0;         // of the first case of each object
  std::uint64_t* rest_ = nullptr;

 protected:
  bool claimed_with_all_ = false;      // whoever claims its node empties the list (and the object may be gone then)
};

// S  The case that has been chosen; what it takes to run it is the caller's. `all` is reordered; `scratch` is as long.
select_case& choose(std::span<select_case*> all, std::span<select_case*> scratch);

[[noreturn]] void throw_empty_select();

}  // namespace weft::detail
