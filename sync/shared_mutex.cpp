// shared_mutex.
//
//   word_  writer's block (null: a plain thread), or how many readers | writer | waiting: somebody is in line | locked
// Invariants
//   R1  With somebody in line it is held: by a writer, or by readers while a writer is in line. It is handed over, never let
//       go of. So with `waiting` set nobody takes it but by being called.
//   R2  Readers are in line only while a writer has it or is in line: the last writer to leave the line admits them if
//       readers have it.
//   R3  After a writer: all readers in line; without any, the oldest writer. After the last reader: the oldest writer.
//   R4  The store or CAS that unlocks is the last touch; who is called is so after it.
// Orders: unlocking (release; the stores too) pairs with taking (acquire); readers that only CAS continue the release sequence
//   of the writer before them, and the last one's unlock acquires what the others released. The call: in_line.hpp.
#include <weft/shared_mutex.hpp>

#include <cstddef>

#include <weft/detail/core.hpp>
#include <weft/errors.hpp>

namespace weft {

struct shared_mutex::waiter : detail::in_line {
  explicit waiter(std::uint64_t m) noexcept : mine(m) {}
  std::uint64_t const mine;  // what the word says of it when it has it
};

// Both: one look, and again if somebody edits the line.
bool shared_mutex::try_lock() noexcept {
  static_assert(offsetof(shared_mutex, word_) == 0 && writer_bit == 4, "tools/weft-gdb.py looks for the writer there");
  auto const mine = written_by(detail::current_core());
  auto w = word_.load(std::memory_order_relaxed);
  for (detail::backoff wait; (w & ~detail::word_locked) == 0;) {
    if (w != 0) {
      wait.pause();
      w = word_.load(std::memory_order_relaxed);
    } else if (word_.compare_exchange_weak(w, mine, std::memory_order_acquire, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

bool shared_mutex::try_lock_shared() noexcept {
  auto w = word_.load(std::memory_order_relaxed);
  for (detail::backoff wait; (w & (waiting_bit | writer_bit)) == 0;) {
    if ((w & detail::word_locked) != 0) {
      wait.pause();
      w = word_.load(std::memory_order_relaxed);
    } else if (word_.compare_exchange_weak(w, w + reader, std::memory_order_acquire, std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

// `mine` is added to the word if nothing that excludes it is in there; else it waits in line.
bool shared_mutex::lock_slowly(std::uint64_t mine, std::uint64_t excluding, line& in, std::int64_t until) {
  for (;;) {
    waiter me(mine);
    auto const w = detail::lock_word(word_);
    if ((w & excluding) == 0) {
      word_.store(w + mine, std::memory_order_release);
      return true;
    }
    in.push_back(me);
    word_.store(w | waiting_bit, std::memory_order_release);
    auto const end = me.wait({detail::awaited::shared_mutex, this}, until);
    if (end == detail::wait_end::over || !leave(me, in)) return true;
    if (end == detail::wait_end::late) return false;
    (void)detail::checkpoint();
  }
}
bool shared_mutex::lock_slowly(std::uint64_t mine, std::int64_t until) { return lock_slowly(mine, ~std::uint64_t{0}, writers_, until); }
bool shared_mutex::lock_shared_slowly(std::int64_t until) {
  return lock_slowly(reader, waiting_bit | writer_bit, readers_, until);
}

// Readers are only counted. As with a mutex, who has been handed it waits no more.
void shared_mutex::tell_writer(void* thing, detail::parker const& waits, detail::holders& h) {
  auto& m = *static_cast<shared_mutex*>(thing);
  auto const w = m.word_.load(std::memory_order_acquire);
  auto* const writer = (w & writer_bit) != 0 ? reinterpret_cast<detail::future_core*>(w & ~std::uint64_t{15}) : nullptr;
  if (writer == nullptr) return;
  if (writer->where.load(std::memory_order_acquire) == &waits) {
    auto const now = detail::lock_word(m.word_);
    bool const in_line = m.writers_.contains(waits) || m.readers_.contains(waits);
    m.word_.store(now, std::memory_order_release);
    if (!in_line) return;
  }
  h.tasks.push_back(writer);
}
bool const shared_mutex::inspected_ = detail::inspected_by(detail::awaited::shared_mutex, &shared_mutex::tell_writer);

// Under the lock: out of line, and what the word says of them. Called after it.
std::uint64_t shared_mutex::admit_writer(detail::called<waiter>& all) noexcept {
  if (writers_.empty()) return 0;
  waiter& w = writers_.pop_front();
  all.add(w);
  return w.mine;
}
std::uint64_t shared_mutex::admit_readers(detail::called<waiter>& all) noexcept {
  std::uint64_t n = 0;
  for (; !readers_.empty(); n += reader) all.add(readers_.pop_front());
  return n;
}

void shared_mutex::unlock_word(std::uint64_t holders) noexcept {
  word_.store(holders | (writers_.empty() && readers_.empty() ? 0 : waiting_bit), std::memory_order_release);
}

// False: it is too late to leave, it has been handed over.
bool shared_mutex::leave(waiter& me, line& from) noexcept {
  auto const w = detail::lock_word(word_);
  if (!me.linked) {
    word_.store(w, std::memory_order_release);
    me.wait_for_call();
    return false;
  }
  from.remove(me);
  detail::called<waiter> all;
  auto holders = w & ~waiting_bit;
  if (writers_.empty() && (w & writer_bit) == 0) holders += admit_readers(all);
  unlock_word(holders);
  all.call(false);
  return true;
}

void shared_mutex::unlock_slowly() {
  auto const w = detail::lock_word(word_);
  if ((w & writer_bit) == 0) {
    word_.store(w, std::memory_order_release);
    throw invalid_state_error("weft: unlock() of a shared_mutex that no writer has locked");
  }
  detail::called<waiter> all;
  unlock_word(readers_.empty() ? admit_writer(all) : admit_readers(all));
  all.call(false);
}

void shared_mutex::unlock_shared() {
  auto w = word_.load(std::memory_order_relaxed);
  while ((w & (detail::word_locked | writer_bit)) == 0 && w >= ((w & waiting_bit) != 0 ? 2 * reader : reader)) {
    if (word_.compare_exchange_weak(w, w - reader, std::memory_order_release, std::memory_order_relaxed)) return;
  }
  w = detail::lock_word(word_);
  if ((w & writer_bit) != 0 || w < reader) {
    word_.store(w, std::memory_order_release);
    throw invalid_state_error("weft: unlock_shared() of a shared_mutex that no reader has locked");
  }
  detail::called<waiter> all;
  auto const left = (w & ~waiting_bit) - reader;
  unlock_word(left != 0 ? left : admit_writer(all));
  all.call(false);
}

}  // namespace weft
