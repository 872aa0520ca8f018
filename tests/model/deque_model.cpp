// The deque: every entry goes to exactly one taker, who sees what was written before it was pushed.
#include "scheduler/deque.hpp"

#include "tests/model/explorer.hpp"

using namespace weft;
using detail::plain;
using detail::work_deque;

namespace {

struct entry {
  plain<int> content{0}, taken{0};
};

struct shop {
  work_deque<entry> deque{2};
  entry all[5];

  void push(int i) {
    all[i].content = i + 1;
    if (!deque.room()) deque.grow();
    deque.push(&all[i]);
  }
  void take(entry* e) {
    if (e == nullptr) return;
    model::check(e >= all && e < all + 5, "not an entry");
    model::check(e->content == static_cast<int>(e - all) + 1, "the entry's content is not seen");
    e->taken = e->taken + 1;  // two takers race here
  }
  void steal(int tries) {
    while (tries-- != 0) {
      bool lost = false;
      take(deque.take(lost));
      if (lost) ++tries;  // somebody else was faster: that cannot go on for ever
    }
  }
  void drain(int pushed) {
    while (entry* const e = deque.pop()) take(e);
    for (int i = 0; i != pushed; ++i) model::check(all[i].taken == 1, "an entry was lost, or taken twice");
    model::check(deque.empty() && deque.size() == 0, "not empty");
  }
};

void last_entry(model::run& r) {
  auto& s = r.make<shop>("deque");
  r.thread("owner", [&] {
    s.push(0);
    s.take(s.deque.pop());
  });
  r.thread("thief A", [&] { s.steal(1); });
  r.thread("thief B", [&] { s.steal(1); });
  r.at_end([&] { s.drain(1); });
}

void push_after_pop(model::run& r) {
  auto& s = r.make<shop>("deque");
  r.thread("owner", [&] {
    s.push(0);
    s.take(s.deque.pop());
    s.push(1);
    s.take(s.deque.pop());
    s.take(s.deque.pop());
  });
  r.thread("thief", [&] { s.steal(2); });
  r.at_end([&] { s.drain(2); });
}

void two_and_a_thief(model::run& r) {
  auto& s = r.make<shop>("deque");
  r.thread("owner", [&] {
    s.push(0);
    s.push(1);
    s.take(s.deque.pop());
    s.take(s.deque.pop());
  });
  r.thread("thief", [&] { s.steal(2); });
  r.at_end([&] { s.drain(2); });
}

void two_and_two_thieves(model::run& r) {
  auto& s = r.make<shop>("deque");
  s.push(0);
  s.push(1);
  r.thread("owner", [&] {
    s.take(s.deque.pop());
    s.take(s.deque.pop());
  });
  r.thread("thief A", [&] { s.steal(1); });
  r.thread("thief B", [&] { s.steal(2); });
  r.at_end([&] { s.drain(2); });
}

void growth(model::run& r) {
  auto& s = r.make<shop>("deque");
  s.push(0);
  s.push(1);
  r.thread("owner", [&] {
    s.push(2);  // grows from 2 to 4
    s.take(s.deque.pop());
    s.take(s.deque.pop());
  });
  r.thread("thief", [&] { s.steal(2); });
  r.at_end([&] { s.drain(3); });
}

// Slots are used again: room() must not believe in one before its thief has left.
void wrap_around(model::run& r) {
  auto& s = r.make<shop>("deque");
  s.push(0);
  s.push(1);
  r.thread("owner", [&] {
    for (int i : {2, 3}) {
      if (!s.deque.room()) break;
      s.push(i);
    }
    s.take(s.deque.pop());
  });
  r.thread("thief A", [&] { s.steal(1); });
  r.thread("thief B", [&] { s.steal(1); });
  r.at_end([&] {
    while (entry* const e = s.deque.pop()) s.take(e);
    for (auto& e : s.all) model::check(e.taken == (e.content != 0), "an entry was lost, or taken twice");
  });
}

// newest() is only a look; what it shows may be gone.
void newest(model::run& r) {
  auto& s = r.make<shop>("deque");
  s.push(0);
  s.push(1);
  r.thread("owner", [&] {
    while (entry* const seen = s.deque.newest()) {
      entry* const e = s.deque.pop();
      model::check(e == seen || e == nullptr, "pop() takes another entry than the newest");
      s.take(e);
    }
  });
  r.thread("thief", [&] { s.steal(2); });
  r.at_end([&] { s.drain(2); });
}

}  // namespace

int main(int argc, char** argv) {
  return model::run_all(argc, argv,
                        {{"the last entry", last_entry},
                         {"push after pop", push_after_pop},
                         {"two entries and a thief", two_and_a_thief},
                         {"two entries and two thieves", two_and_two_thieves},
                         {"growth", growth},
                         {"slots used again", wrap_around},
                         {"newest", newest}});
}
