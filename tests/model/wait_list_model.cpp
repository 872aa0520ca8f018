// The continuation list: nobody is lost, nobody is woken for nothing, no node is touched after its owner
// has left, and what is handed over is neither lost nor doubled.
#include <weft/detail/wait_list.hpp>

#include "tests/model/fiber.hpp"

using namespace weft;
using detail::atomic;
using detail::plain;
using detail::wait_list;
using detail::wait_node;
using enum std::memory_order;

namespace {

// The owner's stack frame is gone: from now on every touch is a race with this.
void leave(wait_node& n) {
  n.next = nullptr;
  n.prev = nullptr;
  n.who = nullptr;
  n.when = 0;
  n.linked = false;
}

// ---- kicks: futures, joins, events ----

struct waiter : wait_node {
  model::fiber self;
  wait_node& node = *this;
  plain<int> callbacks{0};

  waiter() { node.who = &self; }
};

struct happening {
  wait_list list;
  plain<int> value{0};
  waiter a, b, c;

  void happen() {
    value = 7;
    list.close(
        [](detail::parker& p) {
          if (p.kick()) model::fiber::schedule(p);
        },
        [](wait_node& n) {
          model::check(n.who == nullptr, "a waiter is taken for a callback");
          n.linked = false;  // the node is the taker's now
          auto& w = static_cast<waiter&>(n);
          w.callbacks = w.callbacks + 1;
        });
  }
  void wait(waiter& w) {
    if (list.push(w.node)) {
      for (;;) {
        (void)w.self.clear_kick();
        if (list.closed()) break;
        w.self.park();
      }
      (void)list.remove(w.node);
    }
    leave(w.node);
    model::check(value == 7, "woken before it happened");
  }
  // A wait that is cancelled at once.
  void give_up(waiter& w) {
    if (list.push(w.node)) (void)list.remove(w.node);
    leave(w.node);
  }
  void quiet() const {
    for (auto* w : {&a, &b, &c}) w->self.expect_quiet();
    model::check(list.closed(), "not closed");
  }
};

void one_waits(model::run& r) {
  auto& s = r.make<happening>("list");
  r.thread("waiter", [&] { s.wait(s.a); });
  r.thread("closer", [&] { s.happen(); });
  r.at_end([&] { s.quiet(); });
}

void one_gives_up(model::run& r) {
  auto& s = r.make<happening>("list");
  r.thread("waiter", [&] { s.give_up(s.a); });
  r.thread("closer", [&] { s.happen(); });
  r.at_end([&] { s.quiet(); });
}

void two_wait(model::run& r) {
  auto& s = r.make<happening>("list");
  r.thread("waiter A", [&] { s.wait(s.a); });
  r.thread("waiter B", [&] { s.wait(s.b); });
  r.thread("closer", [&] { s.happen(); });
  r.at_end([&] { s.quiet(); });
}

void one_waits_one_gives_up(model::run& r) {
  auto& s = r.make<happening>("list");
  r.thread("waiter A", [&] { s.wait(s.a); });
  r.thread("waiter B", [&] { s.give_up(s.b); });
  r.thread("closer", [&] { s.happen(); });
  r.at_end([&] { s.quiet(); });
}

// Three are registered already: the head, the tail or the middle leaves while the list is closed.
template <int Leaver>
void one_of_three_leaves(model::run& r) {
  auto& s = r.make<happening>("list");
  for (auto* w : {&s.a, &s.b, &s.c}) model::check(s.list.push(w->node), "open");
  waiter* const all[] = {&s.a, &s.b, &s.c};
  r.thread("leaver", [&s, w = all[Leaver]] {
    (void)s.list.remove(w->node);
    leave(w->node);
  });
  r.thread("closer", [&] { s.happen(); });
  r.at_end([&s, all0 = all[(Leaver + 1) % 3], all1 = all[(Leaver + 2) % 3]] {
    for (auto* w : {all0, all1}) model::check(w->self.clear_kick(), "a waiter was not woken");
  });
}

void two_of_three_leave(model::run& r) {
  auto& s = r.make<happening>("list");
  for (auto* w : {&s.a, &s.b, &s.c}) model::check(s.list.push(w->node), "open");
  r.thread("leaver A", [&] {
    (void)s.list.remove(s.a.node);
    leave(s.a.node);
  });
  r.thread("leaver B", [&] {
    (void)s.list.remove(s.b.node);
    leave(s.b.node);
  });
  r.thread("closer", [&] { s.happen(); });
  r.at_end([&] { model::check(s.c.self.clear_kick(), "a waiter was not woken"); });
}

// A callback runs once: by the closer, or by who comes too late to register it.
void callback(model::run& r) {
  auto& s = r.make<happening>("list");
  s.a.node.who = nullptr;
  r.thread("adder", [&] {
    if (!s.list.push(s.a.node)) s.a.callbacks = s.a.callbacks + 1;
  });
  r.thread("waiter", [&] { s.give_up(s.b); });
  r.thread("closer", [&] { s.happen(); });
  r.at_end([&] { model::check(s.a.callbacks == 1, "a callback was lost, or ran twice"); });
}

// ---- claims: semaphores, locks, queues ----

struct grants {
  wait_list list;
  waiter a, b, c;
  plain<int> permit[2]{0, 0};
  atomic<int> cancel{0};
  plain<int> kept{0}, cancelled{0};

  waiter& who(int i) { return i == 0 ? a : i == 1 ? b : c; }
  void enroll(int i) {
    auto& w = who(i);
    w.node.when = w.self.open();
    model::check(list.push(w.node), "open");
  }
  // A permit, or not: the wait ends either way.
  void wait(int i) {
    auto& w = who(i);
    for (;;) {
      (void)w.self.clear_kick();
      if (w.self.published()) break;
      if (i == 0 && cancel.load(relaxed) != 0 && w.self.close()) {
        (void)list.remove(w.node);
        leave(w.node);
        cancelled = 1;
        return;
      }
      w.self.park();
    }
    w.self.finish();
    model::check(permit[i] == 1, "published, and nothing handed over");
    leave(w.node);
  }
  void release_one() {
    wait_node* const n = list.claim_oldest();
    if (n == nullptr) {
      kept = kept + 1;
      return;
    }
    int const i = n == &a.node ? 0 : 1;
    permit[i] = permit[i] + 1;
    detail::parker& p = *n->who;
    if (p.publish()) model::fiber::schedule(p);
  }
  void request_cancel() {
    cancel.store(1, relaxed);
    a.self.kick_it();
  }
};

void grant_against_cancel(model::run& r) {
  auto& s = r.make<grants>("grants");
  s.enroll(0);
  r.thread("waiter", [&] { s.wait(0); });
  r.thread("releaser", [&] { s.release_one(); });
  r.thread("canceller", [&] { s.request_cancel(); });
  r.at_end([&] {
    s.a.self.expect_quiet();
    model::check(s.permit[0] + s.kept == 1, "a permit was lost or doubled");
    model::check(s.permit[0] + s.cancelled == 1, "granted and cancelled, or neither");
  });
}

// The first in the list cancels itself: the permit goes to the second.
void grant_goes_on(model::run& r) {
  auto& s = r.make<grants>("grants");
  s.cancel.store(1);
  s.enroll(0);
  s.enroll(1);
  r.thread("leaver", [&] { s.wait(0); });
  r.thread("waiter", [&] {
    if (!s.b.self.published()) s.b.self.park();
  });
  r.thread("releaser", [&] {
    s.release_one();
    s.release_one();
  });
  r.at_end([&] {
    s.a.self.expect_quiet();
    model::check(s.permit[0] + s.cancelled == 1, "granted and cancelled, or neither");
    model::check(s.permit[0] + s.permit[1] + s.kept == 2, "a permit was lost or doubled");
    model::check(s.permit[1] == 1, "a permit went past a waiter");
  });
}

// The canceller has closed its wait, a releaser finds that and drops its node: there is nothing left to
// remove.
void dropped_before_leaving(model::run& r) {
  auto& s = r.make<grants>("grants");
  s.cancel.store(1);
  for (int i : {0, 1, 2}) s.enroll(i);
  r.thread("leaver", [&] { s.wait(0); });
  r.thread("releaser", [&] { s.release_one(); });
  r.at_end([&] {
    model::check(s.permit[0] + s.permit[1] == 1, "a permit was lost or doubled");
    model::check(s.permit[0] + s.cancelled == 1, "granted and cancelled, or neither");
    if (s.permit[1] == 0) model::check(s.list.claim_oldest() == &s.b.node, "the second waiter was lost");
    leave(s.a.node);
    leave(s.b.node);
    model::check(s.list.claim_oldest() == &s.c.node, "the third waiter was lost");
    model::check(s.list.claim_oldest() == nullptr, "a waiter too many");
  });
}

void two_releasers(model::run& r) {
  auto& s = r.make<grants>("grants");
  s.enroll(0);
  s.enroll(1);
  s.cancel.store(1);
  r.thread("leaver", [&] { s.wait(0); });
  for (auto* name : {"releaser A", "releaser B"}) r.thread(name, [&] {
    wait_node* const n = s.list.claim_oldest();
    if (n == nullptr) return;
    int const i = n == &s.a.node ? 0 : 1;
    s.permit[i] = s.permit[i] + 1;
    detail::parker& p = *n->who;
    if (p.publish()) model::fiber::schedule(p);
  });
  r.at_end([&] {
    model::check(s.permit[0] + s.cancelled == 1, "granted and cancelled, or neither");
    model::check(s.permit[1] == 1, "a permit went past a waiter");
  });
}

}  // namespace

int main(int argc, char** argv) {
  return model::run_all(argc, argv,
                        {{"one waits", one_waits},
                         {"one gives up", one_gives_up},
                         {"two wait", two_wait},
                         {"one waits, one gives up", one_waits_one_gives_up},
                         {"the oldest of three leaves", one_of_three_leaves<0>},
                         {"the second of three leaves", one_of_three_leaves<1>},
                         {"the newest of three leaves", one_of_three_leaves<2>},
                         {"two of three leave", two_of_three_leave},
                         {"a callback", callback},
                         {"grant against cancel", grant_against_cancel},
                         {"a grant goes on to the next", grant_goes_on},
                         {"dropped before it leaves", dropped_before_leaving},
                         {"two releasers", two_releasers}});
}
