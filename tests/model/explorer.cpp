// Schedules: depth-first search over recorded choices; each execution starts afresh and replays the prefix.
#include "tests/model/explorer.hpp"

#include <chrono>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <boost/context/detail/fcontext.hpp>

#include "tests/model/state.hpp"

namespace weft::model {

execution now;

namespace {

namespace context = boost::context::detail;

struct choice {
  std::uint8_t taken, options;
};
choice choices[8192];
int made = 0, recorded = 0;

enum class outcome { running, finished, redundant, violated };
outcome result = outcome::running;
char const* violation = "";

std::jmp_buf outside;  // where fail() goes when no logical thread runs: out of noexcept functions, too

constexpr std::size_t stack_size = 64 * 1024;
alignas(64) unsigned char stacks[max_threads][stack_size];
context::fcontext_t driver = nullptr;
int upcoming = 0;

constexpr std::size_t arena_size = 1 << 20;
alignas(64) unsigned char arena[arena_size];
std::size_t arena_used = 0;
bool arena_open = false;

struct named {
  unsigned char const* begin;
  std::size_t size;
  char const* name;
};
named names[32];
int name_count = 0;
std::function<void()>* look_at_end = nullptr;

logical_thread& thread(int i) { return now.all[static_cast<std::size_t>(i)]; }
bool ready(int i) { return thread(i).state == logical_thread::life::ready; }

[[noreturn]] void stop(outcome o) {
  result = o;
  context::jump_fcontext(driver, nullptr);
  std::abort();  // nobody resumes a thread of an execution that is over
}

void switch_to(int next) {
  if (next == now.current) return;
  upcoming = next;
  driver = context::jump_fcontext(driver, nullptr).fctx;
}

// The running thread cannot go on, or has finished: a switch that costs nothing.
void hand_on() {
  int options[max_threads], count = 0;
  bool sleeping = false, spinning = false, waiting = false;
  for (int i = 1; i < now.thread_count; ++i) {
    waiting |= thread(i).state == logical_thread::life::blocked;
    if (!ready(i)) continue;
    if (thread(i).asleep) {
      sleeping = true;
    } else if (thread(i).yielded) {
      spinning = true;
    } else {
      options[count++] = i;
    }
  }
  if (count == 0) {
    if (sleeping) stop(outcome::redundant);
    if (!spinning && !waiting) stop(outcome::finished);
    if (!spinning) fail("deadlock: a wake-up was lost");
    for (int i = 1; i < now.thread_count; ++i) {
      if (ready(i)) options[count++] = i;
    }
  }
  switch_to(options[choose(count)]);
}

void run_thread(context::transfer_t from) {
  driver = from.fctx;
  auto& t = thread(now.current);
  t.body();
  t.state = logical_thread::life::done;
  hand_on();
  std::abort();
}

void reset(limits bound) {
  now.current = 0;
  now.thread_count = 1;
  now.locations = now.plains = now.preemptions = now.weak = now.steps = now.events = 0;
  now.bound = bound;
  auto& main = thread(0);
  main.name = "set-up";
  main.buffers = 0;
  main.seen = {};
  main.seen.when[0] = 1;
  arena_used = 0;
  name_count = 0;
  look_at_end = nullptr;
  made = 0;
  result = outcome::running;
}

void execute(scenario const& s, limits bound) {
  reset(bound);
  arena_open = true;
  if (setjmp(outside) == 0) {
    run r;
    s.set_up(r);
    int starts[max_threads];
    for (int i = 1; i < now.thread_count; ++i) starts[i - 1] = i;
    upcoming = starts[choose(now.thread_count - 1)];
    while (result == outcome::running) {
      now.current = upcoming;
      auto const running = now.current;
      thread(running).context = context::jump_fcontext(thread(running).context, nullptr).fctx;
    }
    if (result == outcome::finished) {
      now.current = 0;
      drain_everything();
      for (int i = 1; i < now.thread_count; ++i) thread(0).seen.join(thread(i).seen);
      if (look_at_end != nullptr) (*look_at_end)();
    }
  } else {
    result = outcome::violated;
  }
  arena_open = false;
}

bool next_choices() {
  recorded = made;
  while (recorded != 0 && choices[recorded - 1].taken + 1 == choices[recorded - 1].options) --recorded;
  if (recorded == 0) return false;
  ++choices[recorded - 1].taken;
  return true;
}

void print_address(void const* a) {
  auto const* const p = static_cast<unsigned char const*>(a);
  for (int i = 0; i != name_count; ++i) {
    if (p >= names[i].begin && p < names[i].begin + names[i].size) {
      std::printf("%s+%td", names[i].name, p - names[i].begin);
      return;
    }
  }
  if (p >= arena && p < arena + arena_size) {
    std::printf("heap+%td", p - arena);
  } else {
    std::printf("stack");
  }
}

void print_trace() {
  for (int i = 0; i != now.events; ++i) {
    auto const& e = now.trace[static_cast<std::size_t>(i)];
    if (e.thread == 0) continue;
    std::printf("    %-10s %-22s ", thread(e.thread).name, e.what);
    print_address(e.address);
    auto const* const target = reinterpret_cast<unsigned char const*>(e.value);
    if (target >= arena && target < arena + arena_size) {
      std::printf(" = &");
      print_address(target);
      std::printf("\n");
    } else {
      std::printf(" = %#llx\n", static_cast<unsigned long long>(e.value));
    }
  }
}

// False: a violation was found.
bool explore(scenario const& s, limits bound, bool quiet) {
  auto const began = std::chrono::steady_clock::now();
  long executions = 0, redundant = 0;
  recorded = 0;
  do {
    execute(s, bound);
    ++executions;
    if (result == outcome::redundant) ++redundant;
    if (result == outcome::violated) {
      std::printf("  %-44s VIOLATION after %ld executions: %s\n", s.name, executions, violation);
      print_trace();
      return false;
    }
  } while (next_choices());
  if (!quiet) {
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
    std::printf("  %-44s %8ld executions, %8ld cut as redundant, %6.2f s\n", s.name, executions, redundant,
                took.count());
    std::fflush(stdout);
  }
  return true;
}

}  // namespace

int choose(int options) {
  if (options <= 1) return 0;
  if (made == static_cast<int>(std::size(choices))) fail("too many choices in one execution");
  if (made == recorded) choices[recorded++] = {0, static_cast<std::uint8_t>(options)};
  if (choices[made].options != options) {
    std::fprintf(stderr, "the scenario is not deterministic\n");
    std::abort();
  }
  return choices[made++].taken;
}

bool weak_left() { return now.current != 0 && now.weak < now.bound.weak; }

void point(int location, bool write) {
  if (now.current == 0) return;
  if (++now.steps > now.bound.steps) fail("livelock: too many steps");
  auto& me = thread(now.current);
  me.next = {location, write};
  int options[max_threads] = {now.current}, count = 1;
  if (now.preemptions < now.bound.preemptions) {
    for (int i = 1; i < now.thread_count; ++i) {
      if (i != now.current && ready(i) && !thread(i).asleep && !thread(i).yielded) options[count++] = i;
    }
  }
  int const k = choose(count);
  if (k == 0) return;
  ++now.preemptions;
  me.asleep = true;
  switch_to(options[k]);
}

// A thread preempted before a step that nobody's step depends on could as well have taken it before: that
// execution is explored too, with no more preemptions, so the sleeper is not resumed before somebody
// touches what it will touch.
void took_step(int location, bool write) {
  for (int i = 1; i < now.thread_count; ++i) {
    auto& t = thread(i);
    if (i == now.current) continue;
    if (write) t.yielded = false;
    if (!t.asleep) continue;
    bool touched = t.next.location == location && (write || t.next.write);
    for (int b = 0; b != t.buffers; ++b) {
      touched |= t.buffer[static_cast<std::size_t>(b)].location == location;
    }
    if (touched) t.asleep = false;
  }
}

void block() {
  thread(now.current).state = logical_thread::life::blocked;
  hand_on();
}

void spin() {
  if (++now.steps > now.bound.steps) fail("livelock: too many steps");
  auto& me = thread(now.current);
  me.yielded = true;
  hand_on();
  me.yielded = false;
}

void note(char const* what, void const* address, bits value) {
  if (now.current == 0 || now.events == max_trace) return;
  now.trace[static_cast<std::size_t>(now.events++)] = {now.current, what, address, value};
}

void fail(char const* what) {
  violation = what;
  if (now.current == 0) std::longjmp(outside, 1);
  stop(outcome::violated);
}

void run::thread(char const* name, std::function<void()> body) {
  int const i = now.thread_count++;
  if (i == max_threads) std::abort();
  auto& t = model::thread(i);
  t.name = name;
  // Kept in the arena and never destroyed: an abandoned thread may still be inside.
  ::new (&t.body) std::function<void()>(std::move(body));
  t.context = context::make_fcontext(stacks[i] + stack_size, stack_size, run_thread);
  t.state = logical_thread::life::ready;
  t.asleep = t.yielded = false;
  t.buffers = 0;
  t.seen = model::thread(0).seen;
  t.seen.when[static_cast<std::size_t>(i)] = 1;
}

void run::at_end(std::function<void()> look) { look_at_end = new std::function<void()>(std::move(look)); }

void* run::allocate(std::size_t size, char const* name) {
  void* const p = ::operator new(size);
  if (name_count != static_cast<int>(std::size(names))) {
    names[name_count++] = {static_cast<unsigned char*>(p), size, name};
  }
  return p;
}

event::event() : id_(new_location(&id_, 0)) {}

void event::set() {
  point(id_, true);
  if (set_) fail("woken twice for one wait");
  set_ = true;
  release_newest(id_);
  note("schedules", this, 1);
  for (int i = 1; i < now.thread_count; ++i) {
    auto& t = thread(i);
    bool const waits_here = t.state == logical_thread::life::blocked && t.next.location == id_;
    if (waits_here) t.state = logical_thread::life::ready;
  }
}

void event::wait() {
  point(id_, true);
  if (!set_) {
    note("waits", this, 0);
    block();
  }
  set_ = false;
  acquire_newest(id_);
  note("goes on", this, 1);
}

int run_all(int argc, char** argv, std::initializer_list<scenario> scenarios) {
  bool const expected = argc > 1 && std::strcmp(argv[1], "--expect-violation") == 0;
  char const* const only = argc > 1 && !expected ? argv[1] : nullptr;
  bool found = false;
  // A planted mistake is looked for with few deviations first: that is quick, and gives the shortest story.
  for (int depth = expected ? 0 : 100; depth <= 100 && !found; depth = depth == 4 ? 101 : depth + 1) {
    for (auto const& s : scenarios) {
      if (only != nullptr && std::strstr(s.name, only) == nullptr) continue;
      auto bound = s.bound;
      bound.preemptions = std::min(bound.preemptions, depth);
      bound.weak = std::min(bound.weak, depth);
      if (!explore(s, bound, expected)) {
        found = true;
        break;
      }
    }
  }
  if (expected && !found) std::printf("  NOT FOUND: no scenario notices the planted mistake\n");
  return found == expected ? 0 : 1;
}

}  // namespace weft::model

// Everything that is allocated during an execution comes from the arena.
void* operator new(std::size_t size) {
  using namespace weft::model;
  if (!arena_open) {
    if (void* const p = std::malloc(size)) return p;
    throw std::bad_alloc();
  }
  auto const at = (arena_used + 63) / 64 * 64;
  if (at + size > arena_size) std::abort();
  arena_used = at + size;
  return arena + at;
}
void* operator new[](std::size_t size) { return ::operator new(size); }
void* operator new(std::size_t size, std::align_val_t) { return ::operator new(size); }
void operator delete(void* p) noexcept {
  using namespace weft::model;
  if (p < arena || p >= arena + arena_size) std::free(p);
}
void operator delete(void* p, std::size_t) noexcept { ::operator delete(p); }
void operator delete[](void* p) noexcept { ::operator delete(p); }
void operator delete[](void* p, std::size_t) noexcept { ::operator delete(p); }
void operator delete(void* p, std::align_val_t) noexcept { ::operator delete(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { ::operator delete(p); }
