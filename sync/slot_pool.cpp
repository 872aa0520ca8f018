// slot_pool: chunks that grow, and what is kept of them.
#include <weft/detail/slot_pool.hpp>

#include <algorithm>
#include <cstdint>
#include <new>

namespace weft::detail {

struct slot_pool::chunk {
  chunk* next;
  std::size_t bytes;  // of its slots
};

namespace {

constexpr std::size_t chunk_bytes_limit = 16 * 1024;
constexpr std::size_t slots_at_least = 8;

constexpr std::size_t round_up(std::size_t n, std::size_t to) noexcept { return (n + to - 1) / to * to; }

}  // namespace

std::byte* slot_pool::first_slot(chunk* c) const noexcept {
  return reinterpret_cast<std::byte*>(c) + round_up(sizeof(chunk), align_);
}

std::size_t slot_pool::how_many() const noexcept {
  return std::max(slots_at_least,
                  std::min(bytes_, chunk_bytes_limit) / size_);  // as much as there is: it doubles
}

slot_pool::chunk* slot_pool::allocate(std::size_t n) const {
  auto const align = std::max(align_, alignof(chunk));
  if (n > (SIZE_MAX / 2) / size_) throw std::bad_alloc();
  void* const memory = ::operator new (round_up(sizeof(chunk), align_) + n * size_, std::align_val_t{align});
  return ::new (memory) chunk{nullptr, n * size_};
}

void slot_pool::add(chunk* c) noexcept {
  while (queue_slot* const s = take_fresh()) {  // somebody else has added one meanwhile
    --used_;
    s->next = free_;
    free_ = s;
  }
  c->next = chunks_;
  chunks_ = c;
  bytes_ += c->bytes;
  fresh_ = first_slot(c);
  fresh_end_ = fresh_ + c->bytes;
}

queue_slot* slot_pool::take_fresh() noexcept {
  if (fresh_ == fresh_end_) return nullptr;
  auto* const s = ::new (static_cast<void*>(fresh_)) queue_slot;
  fresh_ += size_;
  ++used_;
  return s;
}

// No slot is in use: all but the newest chunk go, and that one is as new.
slot_pool::chunk* slot_pool::shrink() noexcept {
  chunk* const rest = chunks_->next;
  chunks_->next = nullptr;
  bytes_ = chunks_->bytes;
  free_ = nullptr;
  fresh_ = first_slot(chunks_);
  fresh_end_ = fresh_ + bytes_;
  return rest;
}

void slot_pool::release(chunk* c) const noexcept {
  while (c != nullptr) {
    chunk* const next = c->next;
    ::operator delete (c, std::align_val_t{std::max(align_, alignof(chunk))});
    c = next;
  }
}

}  // namespace weft::detail
