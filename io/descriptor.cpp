#include <weft/detail/descriptor.hpp>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <new>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/attempt.hpp"
#include "io/reactor.hpp"
#include "runtime/runtime_core.hpp"

namespace weft::detail {

// Never unmapped: N2.
class descriptor_pool {
 public:
  static descriptor& take() {
    std::lock_guard guard{lock_};
    if (unused_ == nullptr) {
      auto* const more = new descriptor[chunk];  // kept for ever
      for (std::size_t i = 0; i != chunk; ++i) {
        more[i].next_ = unused_;
        unused_ = &more[i];
      }
    }
    descriptor& d = *unused_;
    unused_ = d.next_;
    return d;
  }
  static void give_back(descriptor& d) noexcept {
    std::lock_guard guard{lock_};
    d.next_ = unused_;
    unused_ = &d;
  }

 private:
  static constexpr std::size_t chunk = 32;
  static inline std::mutex lock_;
  static inline descriptor* unused_ = nullptr;
};

descriptor& descriptor::adopt(int fd, state s) {
  try {
    if (s == state::any) {
      int const flags = ::fcntl(fd, F_GETFL);
      if (flags < 0 || ((flags & O_NONBLOCK) == 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)) {
        throw std::system_error(last_error(), std::system_category(), "weft: a descriptor for I/O");
      }
    }
    return descriptor_pool::take().begin(fd, 0, 0);
  } catch (...) {
    ::close(fd);
    throw;
  }
}

descriptor& descriptor::borrow(int fd, reactor const& in) { return descriptor_pool::take().begin(fd, in.id(), is_borrowed); }

descriptor& descriptor::begin(int fd, std::uint64_t home, std::uint32_t word) noexcept {
  fd_ = fd;
  home_.store(home, std::memory_order_relaxed);
  for (auto& s : sides_) s.limit.store(no_limit, std::memory_order_relaxed);
  drained_ = -1;
  extraordinary_.store(false, std::memory_order_relaxed);
  peer_may_have_gone_.store(false, std::memory_order_relaxed);
  peer_watcher_.store(nullptr, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_relaxed);
  word_.store(word, std::memory_order_release);
  return *this;
}

void descriptor::drop() noexcept {
  close();
  if ((word_.fetch_or(is_dropped, std::memory_order_acq_rel) & is_shut) != 0) descriptor_pool::give_back(*this);
}

void descriptor::close() noexcept {
  auto w = word_.load(std::memory_order_relaxed);
  do {
    if ((w & is_closing) != 0) return;
  } while (!word_.compare_exchange_weak(w, (w | is_closing) + one_user, std::memory_order_seq_cst, std::memory_order_relaxed));
  happened(direction::reading);
  happened(direction::writing);
  if (int const bell = bell_.load(std::memory_order_seq_cst); bell >= 0) {  // pairs with wait_on_thread(): bell, then closing
    std::uint64_t const one = 1;
    [[maybe_unused]] auto const n = ::write(bell, &one, sizeof one);
  }
  leave(one_user);
}

io_end::kind descriptor::enter(direction d, sharing s) noexcept {
  auto const bit = s == sharing::shared ? 0 : d == direction::reading ? is_reading : is_writing;
  auto w = word_.load(std::memory_order_relaxed);
  do {
    if ((w & is_closing) != 0) return io_end::closed;
    if ((w & bit) != 0) return io_end::busy;
  } while (!word_.compare_exchange_weak(w, (w | bit) + one_user, std::memory_order_acq_rel, std::memory_order_relaxed));
  return io_end::done;
}

void descriptor::leave(direction d, sharing s) noexcept {
  leave(one_user + (s == sharing::shared ? 0 : d == direction::reading ? is_reading : is_writing));
}

void descriptor::leave(std::uint32_t what) noexcept {
  auto const left = word_.fetch_sub(what, std::memory_order_acq_rel) - what;
  if ((left & is_closing) != 0 && left < one_user) shut();
}

// The last user of what is closing (N1). The kernel takes it out of the reactors; what comes late has another generation.
void descriptor::shut() noexcept {
  generation_.fetch_add(1, std::memory_order_relaxed);
  if ((word_.load(std::memory_order_relaxed) & is_borrowed) == 0) ::close(fd_);
  if (int const bell = bell_.exchange(-1, std::memory_order_relaxed); bell >= 0) ::close(bell);
  if ((word_.fetch_or(is_shut, std::memory_order_acq_rel) & is_dropped) != 0) descriptor_pool::give_back(*this);
}

// Addresses have 48 bits, and the low 6 of a block's are 0.
std::uint64_t descriptor::tag() const noexcept {
  return reinterpret_cast<std::uintptr_t>(this) | std::uint64_t{generation_.load(std::memory_order_relaxed)} << 48;
}

descriptor* descriptor::find(std::uint64_t tag) noexcept {
  auto* const d = reinterpret_cast<descriptor*>(tag & ((std::uint64_t{1} << 48) - 1));
  return d->tag() == tag ? d : nullptr;
}

namespace {

struct listed final : waiter {
  explicit listed(std::uint32_t seen) noexcept : edge(seen) {}
  listed(std::uint32_t seen, waiter const& same_wait) noexcept : waiter(one_of_several()), edge(seen) {
    who = same_wait.who;
    when = same_wait.when;
  }
  std::uint32_t const edge;  // up to which it has looked
};

}  // namespace

void descriptor::happened(direction d) noexcept {
  side& s = of(d);
  auto const edge = s.edges.fetch_add(1, std::memory_order_seq_cst) + 1;
  std::atomic_thread_fence(std::memory_order_seq_cst);  // N3: pairs with the one in wait()
  // Who has seen this edge already, and waits again, is not woken by it for ever.
  while (auto* const n = static_cast<listed*>(s.waiters.claim_oldest())) {
    bool const last = static_cast<std::int32_t>(n->edge - edge) >= 0;
    publish(*n->who, false);
    if (last) return;
  }
}

void descriptor::peer_went() noexcept {
  peer_may_have_gone_.store(true, std::memory_order_seq_cst);
  if (parker* const p = peer_watcher_.load(std::memory_order_seq_cst)) kick(*p, false);
}

void descriptor::watch_peer(parker* p) {
  if (p != nullptr) (void)enter_into(*reactor::here());
  peer_watcher_.store(p, std::memory_order_seq_cst);
  if (p != nullptr && peer_may_have_gone_.load(std::memory_order_seq_cst)) kick(*p, false);  // N7: it had said so before
}

// What comes after the exchange leaves the hint for the next look.
bool descriptor::peer_has_gone() noexcept {
  if (!peer_may_have_gone_.load(std::memory_order_seq_cst) || !peer_may_have_gone_.exchange(false, std::memory_order_seq_cst)) return false;
  ::pollfd one{fd_, POLLRDHUP, 0};
  bool const gone = ::poll(&one, 1, 0) > 0 && (one.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  if (gone) peer_may_have_gone_.store(true, std::memory_order_relaxed);
  return gone;
}

void descriptor::set_limit(direction d, std::int64_t until) noexcept {
  of(d).limit.store(until, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);  // N6
  if (!of(d).waiters.empty()) happened(d);
}

int descriptor::enter_into(reactor& r) noexcept {
  if (home_.load(std::memory_order_acquire) == r.id()) return 0;
  int const error = r.enter(fd_, *this);
  if (error == 0) home_.store(r.id(), std::memory_order_release);
  return error;
}

io_end descriptor::wait(direction d, std::uint32_t seen, std::int64_t until) {
  reactor* r = nullptr;
  try {
    r = reactor::here();
  } catch (std::system_error const& e) {
    return {io_end::failed, e.code().value(), 0};
  }
  if (r == nullptr) return wait_on_thread(d, std::min(until, limit_of(d)));
  if (int const error = enter_into(*r)) return {io_end::failed, error, 0};
  side& s = of(d);
  listed me(seen);
  (void)s.waiters.push(me);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (s.edges.load(std::memory_order_seq_cst) != seen && me.who->close()) {
    (void)s.waiters.remove(me);
    return {};
  }
  auto const end = me.wait({d == direction::reading ? awaited::input : awaited::output, this}, std::min(until, limit_of(d)));
  if (end != wait_end::over) {
    (void)s.waiters.remove(me);
    if (end == wait_end::late) return {io_end::late, 0, 0};
    checkpoint();  // throws
  }
  return {};
}

// One wait, listed twice: whichever event comes first claims it.
io_end descriptor::wait_either(std::uint32_t seen_reading, std::uint32_t seen_writing, std::int64_t until) {
  side &in = of(direction::reading), &out = of(direction::writing);
  listed me(seen_reading), too(seen_writing, me);
  (void)in.waiters.push(me);
  (void)out.waiters.push(too);
  std::atomic_thread_fence(std::memory_order_seq_cst);  // N3
  bool const missed = in.edges.load(std::memory_order_seq_cst) != seen_reading || out.edges.load(std::memory_order_seq_cst) != seen_writing;
  auto const end = missed && me.who->close() ? wait_end::over : me.wait({awaited::input, this}, until);
  (void)in.waiters.remove(me);
  (void)out.waiters.remove(too);
  if (end == wait_end::late) return {io_end::late, 0, 0};
  if (end == wait_end::interrupted) checkpoint();  // throws
  return {};
}

// A plain thread has no reactor: it asks the kernel itself, and listens to close() beside.
io_end descriptor::wait_on_thread(direction d, std::int64_t until) {
  int bell = bell_.load(std::memory_order_acquire);
  if (bell < 0) {
    int const fresh = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fresh < 0) return {io_end::failed, last_error(), 0};
    if (bell_.compare_exchange_strong(bell, fresh, std::memory_order_seq_cst)) {
      bell = fresh;
    } else {
      ::close(fresh);
    }
  }
  if ((word_.load(std::memory_order_seq_cst) & is_closing) != 0) return {};
  ::pollfd both[2] = {{fd_, static_cast<short>(d == direction::reading ? POLLIN | POLLRDHUP : POLLOUT), 0}, {bell, POLLIN, 0}};
  for (;;) {
    timespec left{};
    if (until != no_limit) {
      auto const ns = until - now_ns();
      if (ns <= 0) return {io_end::late, 0, 0};
      left = {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
    }
    int const n = ::ppoll(both, 2, until == no_limit ? nullptr : &left, nullptr);
    if (n > 0) return {};
    if (n == 0) continue;  // the time is asked for above
    if (int const error = last_error(); error != EINTR) return {io_end::failed, error, 0};
  }
}

}  // namespace weft::detail
