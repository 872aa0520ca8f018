// The explorer on itself: textbook programs, each of whose outcomes must be reached or must not be.
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include <weft/detail/atomic.hpp>

using namespace weft;
using detail::atomic;
using detail::plain;
using enum std::memory_order;

namespace {

bool reached[64];  // outcomes of the current litmus test, over all executions

struct two {
  atomic<int> x{0}, y{0};
  plain<int> data{0};
  int a = -1, b = -1, c = -1, d = -1;
};

template <std::memory_order Store, std::memory_order Load>
void store_buffering(model::run& r) {
  auto& s = r.make<two>("s");
  r.thread("1", [&] { s.x.store(1, Store); s.a = s.y.load(Load); });
  r.thread("2", [&] { s.y.store(1, Store); s.b = s.x.load(Load); });
  r.at_end([&] { reached[s.a * 2 + s.b] = true; });
}

// A locked operation on any word drains the buffer, as on the machines we run on.
void store_buffering_rmw(model::run& r) {
  auto& s = r.make<two>("s");
  auto& w = r.make<two>("w");
  r.thread("1", [&] { s.x.store(1, release); (void)w.x.fetch_add(1); s.a = s.y.load(seq_cst); });
  r.thread("2", [&] { s.y.store(1, release); (void)w.y.fetch_add(1); s.b = s.x.load(seq_cst); });
  r.at_end([&] { reached[s.a * 2 + s.b] = true; });
}

template <std::memory_order Store, std::memory_order Load>
void message_passing(model::run& r) {
  auto& s = r.make<two>("s");
  r.thread("1", [&] { s.x.store(1, relaxed); s.y.store(1, Store); });
  r.thread("2", [&] { s.a = s.y.load(Load); s.b = s.x.load(relaxed); });
  r.at_end([&] { reached[s.a * 2 + s.b] = true; });
}

template <std::memory_order Store>
void message_of_plain_data(model::run& r) {
  auto& s = r.make<two>("s");
  r.thread("1", [&] { s.data = 7; s.y.store(1, Store); });
  r.thread("2", [&] {
    if (s.y.load(acquire) == 1) model::check(s.data == 7, "not seen");
  });
}

void coherence(model::run& r) {
  auto& s = r.make<two>("s");
  r.thread("1", [&] { s.x.store(1, relaxed); s.x.store(2, relaxed); });
  r.thread("2", [&] { s.a = s.x.load(relaxed); s.b = s.x.load(relaxed); });
  r.at_end([&] { reached[s.a * 3 + s.b] = true; });
}

void add_twice(model::run& r) {
  auto& s = r.make<two>("s");
  for (auto* name : {"1", "2", "3"}) r.thread(name, [&] { (void)s.x.fetch_add(1, relaxed); });
  r.at_end([&] { reached[s.x.load()] = true; });
}

void add_by_load_and_store(model::run& r) {
  auto& s = r.make<two>("s");
  for (auto* name : {"1", "2"}) r.thread(name, [&] { s.x.store(s.x.load() + 1); });
  r.at_end([&] { reached[s.x.load()] = true; });
}

// Both orders of two words' stores may be seen the other way round: 2+2W.
template <std::memory_order Store>
void two_writes_each(model::run& r) {
  auto& s = r.make<two>("s");
  r.thread("1", [&] { s.x.store(1, Store); s.y.store(2, Store); });
  r.thread("2", [&] { s.y.store(1, Store); s.x.store(2, Store); });
  r.at_end([&] { reached[(s.x.load() - 1) * 2 + s.y.load() - 1] = true; });
}

template <std::memory_order Load>
void independent_reads(model::run& r) {
  auto& s = r.make<two>("s");
  r.thread("1", [&] { s.x.store(1, seq_cst); s.y.store(1, seq_cst); });
  r.thread("2", [&] { s.a = s.y.load(Load); s.b = s.x.load(Load); });
  r.thread("3", [&] { s.c = s.y.load(Load); s.d = s.x.load(Load); });
  r.at_end([&] { reached[s.a * 8 + s.b * 4 + s.c * 2 + s.d] = true; });
}

// An RMW of somebody else goes on with the release it has read; a plain store, even of the releaser, does
// not.
template <bool ByRmw>
void release_sequence(model::run& r) {
  auto& s = r.make<two>("s");
  r.thread("1", [&] {
    s.data = 7;
    s.x.store(1, release);
    if (!ByRmw) s.x.store(2, relaxed);
  });
  r.thread("2", [&] {
    int one = 1;
    if (ByRmw) s.x.compare_exchange_strong(one, 2, relaxed, relaxed);
  });
  r.thread("3", [&] {
    if (s.x.load(acquire) == 2) model::check(s.data == 7, "not seen");
  });
}

void lost_wake(model::run& r) {
  auto& s = r.make<two>("s");
  auto& e = r.make<model::event>("e");
  r.thread("1", [&] {
    s.x.store(1);
    if (s.y.load() == 0) e.wait();  // nothing between the look and the wait
  });
  r.thread("2", [&] {
    s.y.store(1);
    if (s.x.load() == 2) e.set();
  });
}

int wrong = 0;

// `expected`: one letter per outcome: y reached, n not reached.
void litmus(char const* name, void (*program)(model::run&), char const* expected) {
  std::fill(std::begin(reached), std::end(reached), false);
  char self[] = "litmus";
  char* arguments[] = {self, nullptr};
  if (model::run_all(1, arguments, {{name, program, {4, 4, 1000}}}) != 0) ++wrong;
  for (int i = 0; expected[i] != 0; ++i) {
    if (expected[i] != '.' && reached[i] != (expected[i] == 'y')) {
      std::printf("  %s: outcome %d %s\n", name, i, reached[i] ? "must not be reached" : "is not reached");
      ++wrong;
    }
  }
}

void litmus_violation(char const* name, void (*program)(model::run&)) {
  char self[] = "litmus", flag[] = "--expect-violation";
  char* arguments[] = {self, flag, nullptr};
  if (model::run_all(2, arguments, {{name, program, {4, 4, 1000}}}) != 0) ++wrong;
}

}  // namespace

int main() {
  litmus("store buffering, seq_cst", store_buffering<seq_cst, seq_cst>, "nyyy");
  litmus("store buffering, release and acquire", store_buffering<release, acquire>, "yyyy");
  litmus("store buffering, release and seq_cst loads", store_buffering<release, seq_cst>, "yyyy");
  litmus("store buffering, seq_cst and acquire loads", store_buffering<seq_cst, acquire>, "yyyy");
  litmus("store buffering, a locked operation between", store_buffering_rmw, "nyyy");
  litmus("message passing, release and acquire", message_passing<release, acquire>, "yyny");
  litmus("message passing, relaxed store", message_passing<relaxed, acquire>, "yyyy");
  litmus("message passing, relaxed load", message_passing<release, relaxed>, "yyyy");
  litmus("plain data by release", message_of_plain_data<release>, "");
  litmus_violation("plain data by a relaxed store", message_of_plain_data<relaxed>);
  litmus("coherence", coherence, "yyynyynny");
  litmus("three increments", add_twice, "nnny");
  litmus("two increments by load and store", add_by_load_and_store, "nyy");
  litmus("two writes each, relaxed", two_writes_each<relaxed>, "yyyy");
  litmus("two writes each, release", two_writes_each<release>, "nyyy");
  litmus("two writes each, seq_cst", two_writes_each<seq_cst>, "nyyy");
  litmus("two readers, acquire", independent_reads<acquire>, "yy.yy");
  litmus("a release goes on through an RMW", release_sequence<true>, "");
  litmus_violation("a release ends at a plain store", release_sequence<false>);
  litmus_violation("look, then wait", lost_wake);
  std::printf(wrong == 0 ? "all as it should be\n" : "%d wrong\n", wrong);
  return wrong == 0 ? 0 : 1;
}
