#pragma once
// slot_pool: the memory of a queue's items. A slot keeps its place for an item's life, so items are moved in and out of it
// without the queue's lock. Slots come in chunks; those beyond 64 KiB go back when the last item has left.
#include <cstddef>

namespace weft::detail {

struct queue_slot {
  queue_slot* next = nullptr;
};

class slot_pool {
 public:
  struct chunk;

  slot_pool(std::size_t slot_size, std::size_t slot_align) noexcept : size_(slot_size), align_(slot_align) {}
  slot_pool(slot_pool const&) = delete;
  slot_pool& operator=(slot_pool const&) = delete;
  ~slot_pool() { release(chunks_); }

  // Under the lock. Null: none left; then, without the lock, allocate(how_many()), and add() with it.
  [[nodiscard]] queue_slot* take() noexcept {
    queue_slot* const s = free_;
    if (s == nullptr) [[unlikely]] return take_fresh();
    free_ = s->next;
    ++used_;
    return s;
  }
  // Under the lock. What it returns, if anything, is to be released without it.
  [[nodiscard]] chunk* give(queue_slot* s) noexcept {
    s->next = free_;
    free_ = s;
    return --used_ == 0 && bytes_ > kept_bytes ? shrink() : nullptr;
  }

  [[nodiscard]] std::size_t how_many() const noexcept;  // under the lock
  [[nodiscard]] chunk* allocate(std::size_t n) const;   // without it; throws std::bad_alloc
  void add(chunk*) noexcept;                            // under the lock
  void release(chunk*) const noexcept;                  // without it

 private:
  queue_slot* take_fresh() noexcept;
  chunk* shrink() noexcept;
  [[nodiscard]] std::byte* first_slot(chunk*) const noexcept;

  static constexpr std::size_t kept_bytes = 64 * 1024;

  queue_slot* free_ = nullptr;
  std::byte* fresh_ = nullptr;  // the newest chunk's slots from here on have never been used
  std::byte* fresh_end_ = nullptr;
  chunk* chunks_ = nullptr;
  std::size_t used_ = 0;
  std::size_t bytes_ = 0;
  std::size_t const size_;
  std::size_t const align_;
};

}  // namespace weft::detail
