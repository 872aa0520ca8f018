#pragma once
// record_ring: the newest records of one thread. Its writer never waits; who reads copies meanwhile, and drops what has been
// overwritten under his hands.
//
// Invariants: only the writer writes. written_ counts the records that are whole; while record n is being written, over record
// n - size, it is n.
// Orders: a word (release) pairs with the reader's acquire of it: who has read a word of record n finds written_ >= n when he looks
// afterwards, so he knows that record n - size may be torn. written_ (release) pairs with his first look: what is below it is whole.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace weft::detail {

struct trace_record {
  std::uint64_t at = 0;
  std::uint64_t task = 0, other = 0;
  std::uint64_t what = 0;
};
static_assert(sizeof(trace_record) == 32);

class record_ring {
 public:
  // Of a power of two that is not less, at least 2. Memory is touched when it is written to. std::bad_alloc.
  explicit record_ring(std::size_t records)
      : size_(std::bit_ceil(records < 2 ? std::size_t{2} : records)),
        words_(static_cast<std::uint64_t*>(std::calloc(size_, sizeof(trace_record)))) {
    if (words_ == nullptr) throw std::bad_alloc();
  }

  // The writer.
  void write(trace_record const& r) noexcept {
    auto const n = written_.load(std::memory_order_relaxed);
    auto* const at = place(n);
    auto const put = [at](std::size_t i, std::uint64_t word) { std::atomic_ref(at[i]).store(word, std::memory_order_release); };
    put(0, r.at), put(1, r.task), put(2, r.other), put(3, r.what);  // a copy as an array goes through memory and waits for it
    written_.store(n + 1, std::memory_order_release);
  }

  // Nobody writes or reads.
  void clear() noexcept { written_.store(0, std::memory_order_relaxed); }

  // Any thread: what is in it, oldest first, appended; how many there had been before. std::bad_alloc.
  std::uint64_t read(std::vector<trace_record>& into) const {
    auto const end = written_.load(std::memory_order_acquire);
    auto const begin = end < size_ ? 0 : end - size_;
    auto const old = static_cast<std::ptrdiff_t>(into.size());
    into.reserve(into.size() + static_cast<std::size_t>(end - begin));
    for (auto n = begin; n != end; ++n) {
      auto* const at = place(n);
      auto const get = [at](std::size_t i) { return std::atomic_ref(at[i]).load(std::memory_order_acquire); };
      into.push_back({.at = get(0), .task = get(1), .other = get(2), .what = get(3)});
    }
    auto const now = written_.load(std::memory_order_relaxed);
    auto const first = now < size_ ? begin : std::min(now - size_ + 1, end);
    into.erase(into.begin() + old, into.begin() + old + static_cast<std::ptrdiff_t>(first - begin));
    return first;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return written_.load(std::memory_order_relaxed) == 0; }

 private:
  struct give_back {
    void operator()(std::uint64_t* p) const noexcept { std::free(p); }
  };

  [[nodiscard]] std::uint64_t* place(std::uint64_t n) const noexcept {
    return words_.get() + (n & (size_ - 1)) * (sizeof(trace_record) / sizeof(std::uint64_t));
  }

  std::size_t const size_;
  std::unique_ptr<std::uint64_t, give_back> const words_;
  std::atomic<std::uint64_t> written_{0};
};

}  // namespace weft::detail
