// The memory model: histories of stores, store buffers, views, races.
#include "tests/model/state.hpp"

namespace weft::model {
namespace {

logical_thread& me() { return now.all[static_cast<std::size_t>(now.current)]; }
location& word(int id) { return now.words[static_cast<std::size_t>(id)]; }
std::uint8_t& floor_of(view& v, int id) { return v.floor[static_cast<std::size_t>(id)]; }
std::uint16_t& when_of(view& v, int thread) { return v.when[static_cast<std::size_t>(thread)]; }

bool acquires(std::memory_order o) {
  return o == std::memory_order_acquire || o == std::memory_order_acq_rel || o == std::memory_order_seq_cst;
}
bool releases(std::memory_order o) {
  return o == std::memory_order_release || o == std::memory_order_acq_rel || o == std::memory_order_seq_cst;
}

// The number of a living atomic.
int checked(int const* self) {
  if (reinterpret_cast<std::uintptr_t>(self) < 4096) fail("an atomic is reached through a null pointer");
  int const id = *self;
  if (id < 0 || id >= now.locations || word(id).address != self) fail("there is no atomic here any more");
  auto const& l = word(id);
  if (!l.alive) fail("an atomic is used after its end");
  if (when_of(me().seen, l.maker) < l.made_when) {
    note("constructed by", self, static_cast<bits>(l.maker));
    fail("race: an atomic is used by a thread that has not seen its construction");
  }
  return id;
}

// The end of the modification order grows.
void append(int thread, int id, bits value, bool carries, view const& carried) {
  auto& l = word(id);
  if (l.stores == max_stores) fail("too many stores to one word");
  auto& owner = now.all[static_cast<std::size_t>(thread)];
  auto const place = static_cast<std::uint8_t>(l.stores++);
  auto& s = l.history[place];
  s.value = value;
  s.carries = carries;
  if (carries) {
    s.carried = carried;
    floor_of(s.carried, id) = place;
  }
  floor_of(owner.seen, id) = place;
  // What the same thread still holds back in its buffer comes after this store, and says so.
  for (int i = 0; i != owner.buffers; ++i) {
    auto& later = owner.buffer[static_cast<std::size_t>(i)];
    if (later.release) floor_of(later.carried, id) = std::max(floor_of(later.carried, id), place);
  }
  took_step(id, true);
}

void drain(logical_thread& t, int index) {
  auto& b = t.buffer;
  auto const e = b[static_cast<std::size_t>(index)];
  std::copy(b.begin() + index + 1, b.begin() + t.buffers, b.begin() + index);
  --t.buffers;
  append(static_cast<int>(&t - now.all.data()), e.location, e.value, e.release, e.carried);
}

// In order for release; what is relaxed overtakes everything but stores to its own word.
void drain_up_to(logical_thread& t, int index) {
  if (!t.buffer[static_cast<std::size_t>(index)].release) return drain(t, index);
  for (int i = 0; i <= index; ++i) drain(t, 0);
}

int oldest_buffered(logical_thread const& t, int id) {
  for (int i = 0; i != t.buffers; ++i) {
    if (t.buffer[static_cast<std::size_t>(i)].location == id) return i;
  }
  return -1;
}

// Somebody is about to look at the word: have the others' stores to it drained? True: one has.
bool settle(int id) {
  bool drained = false;
  for (int i = 1; i < now.thread_count; ++i) {
    auto& t = now.all[static_cast<std::size_t>(i)];
    if (i == now.current) continue;
    for (int k; (k = oldest_buffered(t, id)) >= 0; drained = true) {
      if (choose(weak_left() ? 2 : 1) == 1) {
        ++now.weak;
        break;
      }
      drain_up_to(t, k);
    }
  }
  return drained;
}

bits read_at(int id, int place, std::memory_order o) {
  auto const& s = word(id).history[static_cast<std::size_t>(place)];
  floor_of(me().seen, id) = static_cast<std::uint8_t>(place);
  if (s.carries && acquires(o)) me().seen.join(s.carried);
  took_step(id, false);
  return s.value;
}

// An RMW reads the newest store and goes on with whatever release that one carried.
void modify(int id, bits value, std::memory_order o) {
  auto& t = me();
  auto const& before = word(id).history[static_cast<std::size_t>(word(id).stores - 1)];
  view carried;
  if (before.carries) {
    carried = before.carried;
    if (acquires(o)) t.seen.join(before.carried);
  }
  if (releases(o)) carried.join(t.seen);
  append(now.current, id, value, before.carries || releases(o), carried);
  if (releases(o)) ++when_of(t.seen, now.current);
}

void drain_all(logical_thread& t) {
  while (t.buffers != 0) drain(t, 0);
}

bool buffered_by_two(int id) {
  int holders = 0;
  for (int i = 1; i < now.thread_count; ++i) holders += oldest_buffered(now.all[static_cast<std::size_t>(i)], id) >= 0;
  return holders > 1;
}

}  // namespace

void drain_everything() {
  for (;;) {
    struct {
      logical_thread* thread;
      int index;
    } next[max_threads * max_buffered];
    int count = 0;
    for (int i = 1; i < now.thread_count; ++i) {
      auto& t = now.all[static_cast<std::size_t>(i)];
      for (int k = 0; k != t.buffers; ++k) {
        auto const& e = t.buffer[static_cast<std::size_t>(k)];
        if (oldest_buffered(t, e.location) != k || (e.release && k != 0)) continue;
        next[count++] = {&t, k};
        if (!buffered_by_two(e.location)) {  // nobody can tell when
          next[0] = next[count - 1];
          count = -1;
          break;
        }
      }
      if (count < 0) break;
    }
    if (count == 0) return;
    auto const& d = next[count < 0 ? 0 : choose(count)];
    drain(*d.thread, d.index);
  }
}

int new_location(void const* address, bits first) {
  if (now.locations == max_locations) fail("too many atomics");
  int const id = now.locations++;
  auto& l = word(id);
  l.address = address;
  l.alive = true;
  l.maker = now.current;
  l.made_when = when_of(me().seen, now.current);
  l.stores = 1;
  l.history[0].value = first;
  l.history[0].carries = false;
  return id;
}

void acquire_newest(int id) { (void)read_at(id, word(id).stores - 1, std::memory_order_acquire); }
void release_newest(int id) {
  drain_all(me());
  modify(id, 1, std::memory_order_acq_rel);
}

namespace memory {

int make_atomic(int const* self, bits first) { return new_location(self, first); }
void end_atomic(int const* self) { word(checked(self)).alive = false; }

bits load(int const* self, std::memory_order o) {
  point(checked(self), false);
  int const id = checked(self);  // others ran
  auto& l = word(id);
  auto& t = me();
  for (int i = t.buffers - 1; i >= 0; --i) {  // one's own stores are seen at once
    auto const& own = t.buffer[static_cast<std::size_t>(i)];
    if (own.location == id) {
      took_step(id, false);
      note("load (own buffer)", self, own.value);
      return own.value;
    }
  }
  bool const fresh = settle(id) || o == std::memory_order_seq_cst || !weak_left();
  int const newest = l.stores - 1;
  int const oldest = fresh ? newest : std::max<int>(floor_of(t.seen, id), newest - stale_reach + 1);
  int const back = choose(newest - std::min(oldest, newest) + 1);
  if (back != 0) ++now.weak;
  auto const v = read_at(id, newest - back, o);
  note(back != 0 ? "load (older value)" : "load", self, v);
  return v;
}

void store(int const* self, bits v, std::memory_order o) {
  point(checked(self), true);
  int const id = checked(self);
  auto& t = me();
  settle(id);
  if (o == std::memory_order_seq_cst || now.current == 0) {
    drain_all(t);
    append(now.current, id, v, true, t.seen);
  } else {
    if (t.buffers == max_buffered) drain(t, 0);
    t.buffer[static_cast<std::size_t>(t.buffers++)] = {id, v, releases(o), t.seen};
    took_step(id, true);
  }
  if (releases(o)) ++when_of(t.seen, now.current);
  note("store", self, v);
}

bits update(int const* self, bits (*f)(bits, bits), bits argument, std::memory_order o) {
  point(checked(self), true);
  int const id = checked(self);
  auto& l = word(id);
  drain_all(me());
  settle(id);
  auto const old = l.history[static_cast<std::size_t>(l.stores - 1)].value;
  modify(id, f(old, argument), o);
  note("rmw", self, f(old, argument));
  return old;
}

bool compare(int const* self, bits& expected, bits desired, std::memory_order o,
             std::memory_order failure) {
  point(checked(self), true);
  int const id = checked(self);
  auto& l = word(id);
  drain_all(me());
  settle(id);
  int const newest = l.stores - 1;
  // The newest value; or an older one that differs, since a failing exchange is only a load.
  std::array<int, stale_reach> places{newest};
  int count = 1;
  if (weak_left() && failure != std::memory_order_seq_cst) {
    for (int p = newest - 1; p >= floor_of(me().seen, id) && p > newest - stale_reach; --p) {
      if (l.history[static_cast<std::size_t>(p)].value != expected) places[static_cast<std::size_t>(count++)] = p;
    }
  }
  int const k = choose(count);
  if (k != 0) ++now.weak;
  int const place = places[static_cast<std::size_t>(k)];
  auto const seen = l.history[static_cast<std::size_t>(place)].value;
  if (seen == expected) {
    modify(id, desired, o);
    note("exchange", self, desired);
    return true;
  }
  expected = read_at(id, place, failure);
  note(k != 0 ? "exchange failed (older value)" : "exchange failed", self, seen);
  return false;
}

// What was stored is with everybody, and nobody's later loads find anything older. As a release and acquire it goes two ways: between
// the caller and each other, not between two others.
void membarrier() {
  for (int i = 1; i < now.thread_count; ++i) drain_all(now.all[static_cast<std::size_t>(i)]);
  view const before = me().seen;
  for (int i = 1; i < now.thread_count; ++i) {
    auto& t = now.all[static_cast<std::size_t>(i)];
    me().seen.join(t.seen);
    t.seen.join(before);
  }
  ++when_of(me().seen, now.current);
  for (int i = 1; i < now.thread_count; ++i) {
    for (int id = 0; id != now.locations; ++id) {
      floor_of(now.all[static_cast<std::size_t>(i)].seen, id) = static_cast<std::uint8_t>(word(id).stores - 1);
    }
  }
}

int make_plain(int const* self) {
  if (now.plains == max_plains) fail("too many plain variables");
  int const id = now.plains++;
  now.data[static_cast<std::size_t>(id)] = {self, true, now.current, when_of(me().seen, now.current), {}};
  return id;
}

static plain_data& checked_plain(int const* self, char const* what) {
  if (reinterpret_cast<std::uintptr_t>(self) < 4096) fail("plain data is reached through a null pointer");
  int const id = *self;
  if (id < 0 || id >= now.plains) fail("there is no plain data here any more");
  auto& p = now.data[static_cast<std::size_t>(id)];
  if (p.address != self) fail("there is no plain data here any more");
  note(what, self, 0);
  if (!p.alive) fail("plain data is used after its end");
  if (when_of(me().seen, p.writer) < p.written_when) {
    note("races with write by", self, static_cast<bits>(p.writer));
    fail("race: plain data, a write that this access has not seen");
  }
  return p;
}

void read(int const* self) {
  auto& p = checked_plain(self, "plain read");
  p.read_when[static_cast<std::size_t>(now.current)] = when_of(me().seen, now.current);
}

void write(int const* self) {
  auto& p = checked_plain(self, "plain write");
  for (int t = 0; t != max_threads; ++t) {
    if (when_of(me().seen, t) < p.read_when[static_cast<std::size_t>(t)]) {
      note("races with read by", self, static_cast<bits>(t));
      fail("race: plain data, a read that this write has not seen");
    }
  }
  p.writer = now.current;
  p.written_when = when_of(me().seen, now.current);
}

void end_plain(int const* self) {
  write(self);
  now.data[static_cast<std::size_t>(*self)].alive = false;
}

}  // namespace memory
}  // namespace weft::model
