#include "runtime/inspection/wait_graph.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "runtime/inspection/frames.hpp"
#include "scheduler/halted.hpp"
#include <weft/detail/awaited.hpp>
#include <weft/detail/completions.hpp>
#include <weft/detail/group_core.hpp>
#include <weft/detail/holders.hpp>
#include <weft/detail/team.hpp>

namespace weft::detail {
namespace {

constinit std::array<std::atomic<tell_holders>, awaited::output + 1> inspected{};

fiber* fiber_of(future_core& c) noexcept {
  parker* const p = c.where.load(std::memory_order_acquire);
  return p != nullptr && p->what() == parker::kind::fiber ? static_cast<fiber*>(p) : nullptr;
}

// Those of `all` that are not done; a promise may be kept by anybody.
void add_open(completions const& all, holders& h) {
  h.any = all.one_will_do();
  for (completion const* n = all.last_added(); n != nullptr; n = n->added_before) {
    if (n->core == nullptr || !completions::is_open(*n)) continue;
    if (n->core->done()) {
      h.others = h.others || h.any;  // it may just be about to be told
      continue;
    }
    h.tasks.push_back(&forwarded(*n->core));
  }
}

// Whoever has been inlined into c, on the stack that c waits on.
future_core* inlined_into(future_core const& c, fiber const& f) noexcept {
  auto* inner = static_cast<future_core*>(f.current.load(std::memory_order_acquire));
  while (inner != nullptr && inner->outer != &c) inner = inner->outer;
  return inner;
}

bool has_to_be_halted(awaited const a) noexcept {
  switch (a.what()) {
    case awaited::several:
    case awaited::group:
    case awaited::part: return true;
    case awaited::future: return static_cast<future_core*>(a.where())->has(future_core::forwarding);
    default: return inspected[a.what()].load(std::memory_order_relaxed) != nullptr;
  }
}

// `kept`: the fiber is kept from going on, as has_to_be_halted() wants it; or nothing that would need it is looked at.
void ask(awaited const a, fiber const& f, bool kept, holders& h) {
  switch (a.what()) {
    case awaited::future: {
      auto& c = *static_cast<future_core*>(a.where());
      h.tasks.push_back(kept ? &forwarded(c) : &c);
      break;
    }
    case awaited::several:
      if (kept && a.where() != nullptr) add_open(*static_cast<completions const*>(a.where()), h);
      break;
    case awaited::group:
      if (kept) static_cast<group_core*>(a.where())->list_children(h.tasks);
      break;
    case awaited::part:
      if (future_core* const taker = kept ? static_cast<portion const*>(a.where())->runner() : nullptr) h.tasks.push_back(taker);
      break;
    default:
      if (auto const tell = inspected[a.what()].load(std::memory_order_acquire); kept && tell != nullptr) tell(a.where(), f, h);
  }
}

}  // namespace

bool inspected_by(awaited::kind k, tell_holders t) noexcept {
  inspected[k].store(t, std::memory_order_release);
  return true;
}

// What is found by address: tasks, and what lies on their stacks or in their blocks.
class wait_graph::index {
 public:
  explicit index(std::vector<node> const& all) {
    by_core_.reserve(all.size());
    for (std::size_t i = 0; i != all.size(); ++i) by_core_.emplace_back(all[i].core, i);
    std::sort(by_core_.begin(), by_core_.end());
  }
  // Before of_place(): whose stack ends where; of several tasks on one the innermost has it.
  void add_stacks(std::vector<node> const& all) {
    for (std::size_t i = 0; i != all.size(); ++i) {
      fiber const* const f = fiber_of(*all[i].core);
      if (f != nullptr && f->current.load(std::memory_order_acquire) == all[i].core) by_stack_.emplace_back(f->top.load(std::memory_order_relaxed), i);
    }
    std::sort(by_stack_.begin(), by_stack_.end());
  }
  [[nodiscard]] std::size_t of(future_core const* c) const noexcept {
    auto const it = std::lower_bound(by_core_.begin(), by_core_.end(), c, [](auto const& e, auto* k) { return std::less<>()(e.first, k); });
    return it != by_core_.end() && it->first == c ? it->second : nowhere;
  }
  [[nodiscard]] std::size_t of_place(void const* place) const noexcept {
    stack s;
    bool in_guard = false;
    if (stack_pool::locate(place, s, in_guard)) {
      auto const it = std::lower_bound(by_stack_.begin(), by_stack_.end(), std::pair{s.top(), std::size_t{0}});
      return it != by_stack_.end() && it->first == s.top() ? it->second : nowhere;
    }
    auto it = std::upper_bound(by_core_.begin(), by_core_.end(), place, [](void const* k, auto const& e) { return std::less<>()(k, e.first); });
    if (it == by_core_.begin()) return nowhere;
    --it;
    auto const inside = static_cast<std::size_t>(static_cast<std::byte const*>(place) - reinterpret_cast<std::byte const*>(it->first));
    return inside < core_size_class[it->first->size_class] ? it->second : nowhere;
  }
  static constexpr std::size_t nowhere = ~std::size_t{0};

 private:
  std::vector<std::pair<future_core const*, std::size_t>> by_core_;
  std::vector<std::pair<std::byte*, std::size_t>> by_stack_;
};

wait_graph::wait_graph(runtime_core const& rt, frames_too with) : rt_(rt) {
  // One at a time: who is kept from going on by one would look as if he ran to another.
  static std::mutex looking;
  std::lock_guard const guard{looking};
  auto const now = clock::duration{rt.sched->now()};
  std::vector<holders> held_by;
  each_core([&](future_core& c, std::uint32_t generation) {
    if (c.rt.load(std::memory_order_acquire) != &rt || c.kind == core_kind::promise || c.kind == core_kind::callback) return;
    if (state_of(c) > task_state::suspended) return;
    auto info = look_at(c, generation, now);
    if (!info || info->state > task_state::suspended) return;
    node& n = nodes_.emplace_back(node{std::move(*info), &c, generation});
    holders& h = held_by.emplace_back();
    if (n.info.state == task_state::suspended) look_closer(n, h, with);
  });
  connect(held_by);
}

// What it waits for, and its frames. Kept from going on only where more than atomics of it is read; if it goes on meanwhile it is
// free, or the second look tells.
void wait_graph::look_closer(node& n, holders& h, frames_too with) {
  fiber* const f = fiber_of(*n.core);
  if (f == nullptr) return;
  auto const what = [&] { return awaited(f->waits_for.load(std::memory_order_relaxed)); };
  auto const is_outer = [&] { return f->current.load(std::memory_order_acquire) != n.core; };
  std::optional<halted> kept;
  if (with == frames_too::yes || is_outer() || has_to_be_halted(what())) {
    if (!kept.emplace(*f)) return;
  }
  n.parks = f->parks.load(std::memory_order_acquire);  // first: pairs with the store in prepare_park(), the rest is of that wait
  n.free = f->timer.deadline.load(std::memory_order_relaxed) != no_deadline;
  if (n.core->where.load(std::memory_order_acquire) != f || n.core->generation.load(std::memory_order_acquire) != n.generation) {
    n.free = true;
  } else if (is_outer()) {
    if (future_core* const inner = kept ? inlined_into(*n.core, *f) : nullptr) h.tasks.push_back(inner);
  } else {
    ask(what(), *f, kept.has_value(), h);
    if (with == frames_too::yes) n.frames = frames_of(*f);
  }
}

// Addresses become indices.
void wait_graph::connect(std::vector<holders> const& held_by) {
  index all(nodes_);
  std::unordered_map<void const*, std::size_t> known;  // many wait for the same, and stacks are searched for one by one
  auto const of_place = [&](void const* place) {
    auto const [it, is_new] = known.try_emplace(place);
    if (is_new) it->second = all.of_place(place);
    return it->second;
  };
  if (std::any_of(held_by.begin(), held_by.end(), [](holders const& h) { return !h.places.empty(); })) all.add_stacks(nodes_);
  for (std::size_t i = 0; i != nodes_.size(); ++i) {
    node& n = nodes_[i];
    holders const& h = held_by[i];
    n.any = h.any;
    bool others = h.others;
    auto const add = [&](std::size_t target) {
      if (target != index::nowhere) n.targets.push_back(target);
      if (target == index::nowhere) others = true;
    };
    for (future_core const* c : h.tasks) add(all.of(c));
    for (void const* place : h.places) add(of_place(place));
    if (n.targets.empty() || (n.any && others)) n.free = true;
    if (n.targets.size() == 1) n.info.held_by = nodes_[n.targets.front()].info.id;
  }
}

// Everybody is taken for stuck who is not set free by somebody: the free ones, then those whose targets are.
std::vector<bool> wait_graph::stuck() const {
  std::vector<bool> is_stuck(nodes_.size(), true);
  std::vector<std::size_t> left(nodes_.size()), ready;
  std::vector<std::vector<std::size_t>> waiters(nodes_.size());
  for (std::size_t i = 0; i != nodes_.size(); ++i) {
    left[i] = nodes_[i].any ? 1 : nodes_[i].targets.size();
    for (auto const t : nodes_[i].targets) waiters[t].push_back(i);
    if (nodes_[i].free) ready.push_back(i);
  }
  while (!ready.empty()) {
    auto const i = ready.back();
    ready.pop_back();
    if (!is_stuck[i]) continue;
    is_stuck[i] = false;
    for (auto const w : waiters[i]) {
      if (left[w] != 0 && --left[w] == 0) ready.push_back(w);
    }
  }
  return is_stuck;
}

std::vector<wait_graph::circle> wait_graph::circles(std::vector<bool> const& is_stuck) const {
  std::vector<circle> found;
  std::vector<std::size_t> seen(nodes_.size(), 0);  // on which walk
  auto const is_older = [&](std::size_t a, std::size_t b) { return nodes_[a].info.id < nodes_[b].info.id; };
  for (std::size_t i = 0, walk = 1; i != nodes_.size(); ++i, ++walk) {
    circle path;
    // Each has a stuck target: if one will do, all are.
    for (auto at = i; is_stuck[at] && (seen[at] == 0 || seen[at] == walk);) {
      if (seen[at] == walk) {
        path.erase(path.begin(), std::find(path.begin(), path.end(), at));
        std::rotate(path.begin(), std::min_element(path.begin(), path.end(), is_older), path.end());
        found.push_back(std::move(path));
        break;
      }
      seen[at] = walk;
      path.push_back(at);
      auto const& t = nodes_[at].targets;
      at = *std::find_if(t.begin(), t.end(), [&](auto k) { return is_stuck[k]; });
    }
  }
  return found;
}

std::vector<wait_graph::circle> wait_graph::deadlocks() const {
  auto const is_stuck = stuck();
  auto all = circles(is_stuck);
  if (all.empty()) return all;
  wait_graph again(rt_);
  // Who has moved in between holds nobody up: only through those that have not may anybody be stuck in the second look.
  index const before(nodes_);
  for (node& n : again.nodes_) {
    auto const k = before.of(n.core);
    if (k == index::nowhere || nodes_[k].generation != n.generation || nodes_[k].parks != n.parks) n.free = true;
  }
  auto const still = again.stuck();
  index const now(again.nodes_);
  auto const goes_on = [&](std::size_t i) {
    auto const k = now.of(nodes_[i].core);
    return k == index::nowhere || !still[k];
  };
  std::erase_if(all, [&](circle const& c) { return std::any_of(c.begin(), c.end(), goes_on); });
  return all;
}

}  // namespace weft::detail
