#include "scheduler/recorder.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <tuple>

#include <pthread.h>

#include "scheduler/scheduler.hpp"
#include "scheduler/tick_clock.hpp"

namespace weft::detail {
namespace {

constexpr std::size_t kept_after_their_thread = 64;  // rings

struct lane {
  lane(std::size_t records, tick_clock c) : ring(records), clock(c) {}
  record_ring ring;
  tick_clock const clock;
  // Written with the registry's lock held; `number` by the owner only, who may therefore read it without.
  std::uint32_t number = 0;   // of the recording that it belongs to
  std::uint64_t turn = 0;     // the lower the longer it has been in use
  bool owned = false;         // its thread lives
  bool is_worker = false;
  std::string label;
};

struct registry {
  std::mutex lock;
  tick_clock clock;
  std::vector<std::unique_ptr<lane>> lanes;
  std::size_t records = 0;
  std::uint32_t newest = 0;
  std::uint64_t turns = 0;
  tick_clock::moment began, ended;
};

registry& all() {
  static auto* const one = new registry;  // threads outlive static objects
  return *one;
}

thread_local lane* mine = nullptr;
thread_local bool has_left = false;  // its thread-locals are being destroyed

void let_go() noexcept {
  if (mine == nullptr) return;
  mine->owned = false;
  mine = nullptr;
}

struct leaving {
  ~leaving() {
    std::lock_guard guard{all().lock};
    let_go();
    has_left = true;
  }
};

// One that nobody writes to, with nothing in it that is still to be seen; the oldest of those that are if there are many; else a new one.
lane& free_lane(registry& r, std::uint32_t number) {
  lane* oldest = nullptr;
  std::size_t kept = 0;
  for (auto const& l : r.lanes) {
    if (l->owned || l->ring.size() != r.records) continue;
    if (l->number != number) return *l;
    ++kept;
    if (oldest == nullptr || l->turn < oldest->turn) oldest = l.get();
  }
  if (kept >= kept_after_their_thread) return *oldest;
  return *r.lanes.emplace_back(std::make_unique<lane>(r.records, r.clock));
}

// The calling thread's for the recording under way; null: none is, or there is no memory.
[[gnu::noinline, gnu::cold]] lane* enrol() noexcept try {
  if (has_left) return nullptr;
  thread_local leaving const at_its_end;
  (void)at_its_end;
  registry& r = all();
  std::lock_guard guard{r.lock};
  auto const number = recording_number.load(std::memory_order_relaxed);
  if (number == 0) return nullptr;
  lane const* const before = mine;
  let_go();
  if (before != nullptr && before->ring.size() != r.records) std::erase_if(r.lanes, [before](auto const& l) { return l.get() == before; });
  std::string label;
  worker const* const w = worker::current();
  if (w != nullptr) {
    label = w->home.options.name + '/' + std::to_string(w->index);
  } else {
    char name[32] = "";
    (void)::pthread_getname_np(::pthread_self(), name, sizeof name);
    label = name;
  }
  lane& l = free_lane(r, number);
  l.ring.clear();
  l.number = number;
  l.turn = ++r.turns;
  l.owned = true;
  l.is_worker = w != nullptr;
  l.label = std::move(label);
  return mine = &l;
} catch (std::bad_alloc const&) {
  return nullptr;
}

}  // namespace

// Not inlined: callers go on on other threads.
[[gnu::noinline]] void record(happened what, std::uint64_t task, std::uint64_t other, std::uint64_t detail) noexcept {
  lane* l = mine;
  if (l == nullptr || l->number != recording_number.load(std::memory_order_relaxed)) [[unlikely]] {
    l = enrol();
    if (l == nullptr) return;
  }
  l->ring.write({l->clock.now(), task, other, static_cast<std::uint64_t>(what) | detail << detail_shift});
}

void record_name(std::uint64_t task, std::string_view name) noexcept {
  for (std::size_t i = 0; i != name_part::most && i * name_part::size < name.size(); ++i) {
    name_part const part(name, i);
    record(happened::named, task, part.other, part.detail);
  }
}

void begin_recording(std::size_t records) {
  registry& r = all();
  std::lock_guard guard{r.lock};
  r.records = std::bit_ceil(std::max<std::size_t>(records, 2));
  std::erase_if(r.lanes, [&](auto const& l) { return !l->owned && l->ring.size() != r.records; });
  r.began = r.clock.both();
  recording_number.store(++r.newest, std::memory_order_relaxed);
}

void end_recording() noexcept {
  registry& r = all();
  std::lock_guard guard{r.lock};
  if (recording_number.exchange(0, std::memory_order_relaxed) != 0) r.ended = r.clock.both();
}

// The lock keeps rings from being given away meanwhile; writers do not know of it.
recorded read_records() {
  registry& r = all();
  std::lock_guard guard{r.lock};
  recorded found;
  if (r.newest == 0) return found;
  std::vector<std::tuple<bool, std::string_view, std::uint64_t, lane const*>> order;
  for (auto const& l : r.lanes) {
    if (l->number == r.newest && !l->ring.empty()) order.emplace_back(!l->is_worker, l->label, l->turn, l.get());
  }
  std::ranges::sort(order);
  for (auto const& [other, label, turn, l] : order) {
    auto& t = found.threads.emplace_back(recorded_thread{.label = std::string(label), .is_worker = !other});
    t.overwritten = l->ring.read(t.records);
  }
  // Afterwards: nothing that was read comes later.
  auto const now = r.clock.both();
  tick_scale const scale(r.began, now);
  found.begin = r.began.ns;
  found.end = recording() ? now.ns : r.ended.ns;
  for (auto& t : found.threads) {
    auto latest = found.begin;
    for (auto& x : t.records) x.at = static_cast<std::uint64_t>(latest = std::clamp(scale.ns(x.at), latest, now.ns));
    found.end = std::max(found.end, latest);  // who had looked before it was turned off
    t.begin = t.overwritten == 0 || t.records.empty() ? found.begin : static_cast<std::int64_t>(t.records.front().at);
  }
  return found;
}

name_part::name_part(std::string_view name, std::size_t index) noexcept : detail(index) {
  auto const part = name.substr(index * size, size);
  for (std::size_t i = 0; i != part.size(); ++i) {
    auto const c = std::uint64_t{static_cast<unsigned char>(part[i])};
    if (i < 8) {
      other |= c << 8 * i;
    } else {
      detail |= c << 8 * (i - 7);
    }
  }
}

std::string name_part::text() const {
  std::string s;
  for (std::size_t i = 0; i != size; ++i) s += static_cast<char>(i < 8 ? other >> 8 * i : detail >> 8 * (i - 7));
  s.erase(s.find_last_not_of('\0') + 1);
  return s;
}

}  // namespace weft::detail
