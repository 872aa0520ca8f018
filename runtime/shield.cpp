// shield(): a future that ends with another one, and can be cancelled alone.
#include "runtime/shield.hpp"

#include <new>
#include <string>

#include <weft/future.hpp>

namespace weft::detail {
namespace {

shield_link& link_of(future_core& outer) noexcept { return *std::launder(static_cast<shield_link*>(outer.payload())); }

void keep_cancellation_of(future_core& inner, future_core& outer) noexcept {
  try {
    rethrow(inner);
  } catch (task_cancelled_error const& e) {
    try {
      keep_cancellation(outer, cancelled(e.what(), e.cause()));
    } catch (...) {  // no memory: it goes without its message
    }
  } catch (...) {
  }
}

void pass_on(done_node& n, future_core& inner, shield_link*& ended_too) noexcept {
  auto& link = static_cast<shield_link&>(n);
  future_core& outer = *link.outer;
  if (outer.claim()) {
    auto const s = inner.state();
    if (s == job_state::cancelled) keep_cancellation_of(inner, outer);
    if (settle(outer, s, ended_too)) {
      link.next_ended = ended_too;
      ended_too = &link;
    }
  }
  link.let_go.store(true, std::memory_order_release);  // pairs with clear()
}

void clear(future_core& outer, job_state) noexcept {
  shield_link& link = link_of(outer);
  if (!link.inner->waiters.remove(link)) {
    for (backoff b; !link.let_go.load(std::memory_order_acquire);) b.pause();
  }
  future_core& inner = *link.inner;
  link.~shield_link();
  drop_handle(inner);
}

// Asked for by those who look at the error.
std::exception_ptr& error(future_core& outer) noexcept {
  future_core& inner = *link_of(outer).inner;
  inner.mark(future_core::observed);
  return inner.ops->error(inner);
}

constexpr core_ops ops{nullptr, nullptr, &clear, &error, false};

}  // namespace

future_core& forwarded(future_core& c) noexcept {
  future_core* p = &c;
  while (p->has(future_core::forwarding)) p = link_of(*p).inner;
  return *p;
}

bool is_last_handle(future_core& c) noexcept {
  return c.last_handle() && (!c.has(future_core::forwarding) || is_last_handle(*link_of(c).inner));
}

future_core* make_shield(future_core& inner) {
  future_core& outer = *make_promise_core(&ops, sizeof(shield_link));
  auto& link = *::new (outer.payload()) shield_link;
  link.tell = &pass_on;
  link.inner = &inner;
  link.outer = &outer;
  add_handle(inner);
  outer.mark(future_core::forwarding | future_core::observed);
  if (!inner.waiters.push(link)) {
    shield_link* none = nullptr;  // it cannot have callbacks yet
    pass_on(link, inner, none);
  }
  return &outer;
}

}  // namespace weft::detail
