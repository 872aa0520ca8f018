// Claim and inline: every job runs exactly once, its joiners see the result, a block is used again only
// when nobody can reach it any more. And: no cancel request is lost at claim.
#include "scheduler/claim.hpp"

#include <weft/detail/wait_list.hpp>

#include "tests/model/fiber.hpp"

using namespace weft;
using detail::atomic;
using detail::claimed;
using detail::job;
using detail::job_state;
using detail::plain;
using detail::wait_list;
using detail::wait_node;
using detail::work_deque;
using enum std::memory_order;

namespace {

constexpr std::uint64_t entry_reference = job::one_entry;  // J1

struct block : job {
  block() : job(0) {}

  plain<int> life{0};  // what the spawner wrote: the closure
  plain<int> runs{0};
  plain<int> result{0};
  wait_list done;
};

struct world {
  work_deque<block> own{4}, other{4};
  block blocks[2];
  atomic<int> free[2]{1, 1};  // the free list
  plain<int> spawned{0}, ran{0};
  int body_copies = -1;  // the block whose body gives a handle away
  atomic<block*> gift{nullptr};
  model::event given;

  int index(block& b) { return &b == &blocks[0] ? 0 : 1; }

  // Spawner; `handles` of them. Life after life in the same block, which is never constructed anew.
  block* spawn(work_deque<block>& queue, int i, int life, std::uint64_t handles = 1) {
    if (free[i].load(relaxed) == 0 || free[i].exchange(0, acquire) == 0) return nullptr;
    block& b = blocks[i];
    b.reset(handles * job::one_handle + entry_reference, job_state::queued);
    b.done.reset();
    b.life = life;
    queue.push(&b);
    return &b;
  }
  void drop(block& b, std::uint64_t what) {
    if (what == 0 || !b.drop_owner(what)) return;
    model::check(b.runs == 1, "destroyed before it ran, or it ran twice");
    model::check(free[index(b)].load(relaxed) == 0, "freed twice");
    b.runs = 0;  // races with whoever is still there
    b.life = 0;
    free[index(b)].store(1, release);
  }
  void body(block& b) {
    model::check(b.life != 0, "what runs has no closure any more");
    b.runs = b.runs + 1;
    if (index(b) == body_copies) {
      b.add_owner(job::one_handle);
      gift.store(&b, release);
      given.set();
    }
    b.result = b.life + 100;
  }
  static void wake(detail::parker& p) {
    if (p.kick()) model::fiber::schedule(p);
  }
  void finish_shared(block& b) {
    b.set_state(job_state::finished);
    b.done.close(wake, [](wait_node&) {});
  }

  // Worker's loop: what it does with an entry it has dequeued.
  void run_entry(block& b) {
    if (b.claim()) {
      body(b);
      finish_shared(b);
    }
    drop(b, entry_reference);
  }
  void steal(work_deque<block>& from) {
    bool lost = false;
    if (block* const b = from.take(lost)) run_entry(*b);
  }

  // get(): the caller holds a handle and gives it back.
  void join(work_deque<block>& queue, model::fiber& self, block& b, int life) {
    if (!b.done.closed()) {
      switch (detail::claim_for_join(queue, b)) {
        case claimed::popped:
          body(b);
          if (b.sole_handle()) {  // J4; after the body, which may have given a handle away
            b.set_state(job_state::finished);
            b.done.close_unshared();
            b.drop_entry_unshared();
          } else {
            finish_shared(b);
            drop(b, entry_reference);
          }
          break;
        case claimed::in_place:
          body(b);
          finish_shared(b);
          break;
        case claimed::no:
          wait(self, b);
          break;
      }
    }
    model::check(b.done.closed() && b.state() == job_state::finished, "joined before the end");
    model::check(b.result == life + 100, "another life's result");
    drop(b, job::one_handle);
  }
  void wait(model::fiber& self, block& b) {
    wait_node n;
    n.who = &self;
    if (!b.done.push(n)) return;
    for (;;) {
      (void)self.clear_kick();
      if (b.done.closed()) break;
      self.park();
    }
    (void)b.done.remove(n);
  }
  void bury_tombstones(work_deque<block>& queue) {
    detail::trim_tombstones(queue, [&](block& b) { drop(b, entry_reference); });
  }
  void all_free() {
    while (block* const b = own.pop()) {
      model::check(!b->unclaimed(), "a job was left in the queue");
      drop(*b, entry_reference);
    }
    for (auto& f : free) model::check(f.load() == 1, "a block is not given back");
  }
};

// One child, one handle: popped by its joiner, or stolen, and then waited for.
void sole_handle(model::run& r) {
  auto& w = r.make<world>("world");
  auto& self = r.make<model::fiber>("fiber");
  r.thread("joiner", [&] { w.join(w.own, self, *w.spawn(w.own, 0, 1), 1); });
  r.thread("thief", [&] { w.steal(w.own); });
  r.at_end([&] {
    self.expect_quiet();
    w.all_free();
  });
}

// Joined out of order: the claim in place leaves a tombstone, which a thief may hold while the block should
// live anew.
void stale_entry(model::run& r) {
  auto& w = r.make<world>("world");
  auto& self = r.make<model::fiber>("fiber");
  r.thread("joiner", [&] {
    auto* const first = w.spawn(w.own, 0, 1);
    auto* const second = w.spawn(w.own, 1, 2);
    w.join(w.own, self, *first, 1);
    if (auto* const again = w.spawn(w.own, 0, 3)) w.join(w.own, self, *again, 3);
    w.join(w.own, self, *second, 2);
    w.bury_tombstones(w.own);
  });
  r.thread("thief", [&] { w.steal(w.own); });
  r.at_end([&] { w.all_free(); });
}

// The same with one child claimed in place because its joiner's own deque is another one; and two thieves.
void stale_entries_and_two_thieves(model::run& r) {
  auto& w = r.make<world>("world");
  auto& self = r.make<model::fiber>("fiber");
  auto* const first = w.spawn(w.other, 0, 1);
  r.thread("joiner", [&] {
    w.join(w.own, self, *first, 1);
    if (auto* const again = w.spawn(w.own, 0, 3)) w.join(w.own, self, *again, 3);
  });
  r.thread("thief A", [&] { w.steal(w.other); });
  r.thread("thief B", [&] { w.steal(w.own); });
  r.at_end([&] {
    while (block* const b = w.other.pop()) w.drop(*b, entry_reference);
    w.all_free();
  });
}

// A look at the newest entry, while a thief takes it, gives the block back and spawns the next life in it.
void trim_against_recycling(model::run& r) {
  auto& w = r.make<world>("world");
  auto& self = r.make<model::fiber>("fiber");
  auto& thief = r.make<model::fiber>("thief's fiber");
  auto* const first = w.spawn(w.own, 0, 1);
  auto* const second = w.spawn(w.own, 1, 2);
  r.thread("joiner", [&] {
    w.join(w.own, self, *first, 1);
    w.join(w.own, self, *second, 2);
    w.bury_tombstones(w.own);
  });
  r.thread("thief", [&] {
    w.steal(w.own);
    if (auto* const b = w.spawn(w.other, 0, 3)) w.join(w.other, thief, *b, 3);
  });
  r.at_end([&] {
    self.expect_quiet();
    w.all_free();
  });
}

// Nobody joins it: only its entry leads to it, so trimming must not take that away.
void trim_keeps_the_living(model::run& r) {
  auto& w = r.make<world>("world");
  r.thread("spawner", [&] {
    (void)w.spawn(w.own, 0, 1);
    w.bury_tombstones(w.own);
    (void)w.spawn(w.own, 1, 2);
    w.bury_tombstones(w.own);
  });
  r.thread("thief", [&] { w.steal(w.own); });
  r.at_end([&] {
    while (block* const b = w.own.pop()) w.run_entry(*b);
    for (auto& b : w.blocks) w.drop(b, job::one_handle);
    w.all_free();
  });
}

// Two handles: both join. Whoever is last sees "the only handle" although the job has been claimed, or has
// run.
void two_handles(model::run& r) {
  auto& w = r.make<world>("world");
  auto& a = r.make<model::fiber>("fiber A");
  auto& b = r.make<model::fiber>("fiber B");
  auto* const child = w.spawn(w.own, 0, 1, 2);
  r.thread("joiner A", [&] { w.join(w.own, a, *child, 1); });
  r.thread("joiner B", [&] { w.join(w.other, b, *child, 1); });
  r.at_end([&] {
    a.expect_quiet();
    b.expect_quiet();
    w.all_free();
  });
}

void two_handles_and_a_thief(model::run& r) {
  auto& w = r.make<world>("world");
  auto& a = r.make<model::fiber>("fiber A");
  auto& b = r.make<model::fiber>("fiber B");
  auto* const child = w.spawn(w.own, 0, 1, 2);
  r.thread("joiner A", [&] { w.join(w.own, a, *child, 1); });
  r.thread("joiner B", [&] { w.join(w.other, b, *child, 1); });
  r.thread("thief", [&] { w.steal(w.own); });
  r.at_end([&] {
    a.expect_quiet();
    b.expect_quiet();
    w.all_free();
  });
}

// The child's own body gives a handle away while its joiner runs it: the sole-handle mode is over by its
// end.
void handle_given_away(model::run& r) {
  auto& w = r.make<world>("world");
  auto& a = r.make<model::fiber>("fiber A");
  auto& b = r.make<model::fiber>("fiber B");
  w.body_copies = 0;
  auto* const child = w.spawn(w.own, 0, 1);
  r.thread("joiner A", [&] { w.join(w.own, a, *child, 1); });
  r.thread("joiner B", [&] {
    w.given.wait();
    w.join(w.other, b, *w.gift.load(acquire), 1);
  });
  r.at_end([&] {
    a.expect_quiet();
    b.expect_quiet();
    w.all_free();
  });
}

// ---- cancel against claim (architecture.md, decision 4) ----

struct cancellable {
  work_deque<block> queue{2};
  block task;
  atomic<std::uint64_t> requests{0};
  atomic<int> fiber{-1};
  model::fiber runner[2];
  plain<int> seen{0};

  void request() {
    (void)requests.fetch_or(1, seq_cst);
    int const f = fiber.load(seq_cst);
    if (f >= 0) runner[f].kick_it();
  }
  // The body waits for ever; only the request ends it.
  void run(int me) {
    bool lost = false;
    block* const b = queue.take(lost);
    if (b == nullptr || !b->claim()) return;
    fiber.store(me, release);
    (void)runner[me].open();  // the locked operation that the path has anyway
    bool pending = requests.load(seq_cst) != 0;
    while (!pending) {
      runner[me].park();
      (void)runner[me].clear_kick();
      pending = requests.load(relaxed) != 0;
    }
    (void)runner[me].close();
    seen = seen + 1;
  }
};

void request_at_claim(model::run& r) {
  auto& s = r.make<cancellable>("task");
  s.task.reset(job::one_handle + job::one_entry, job_state::queued);
  s.queue.push(&s.task);
  r.thread("runner", [&] { s.run(0); });
  r.thread("canceller", [&] { s.request(); });
  r.at_end([&] {
    s.runner[0].expect_quiet();
    model::check(s.seen == 1, "not seen");
  });
}

void request_at_claim_by_one_of_two(model::run& r) {
  auto& s = r.make<cancellable>("task");
  s.task.reset(job::one_handle + job::one_entry, job_state::queued);
  s.queue.push(&s.task);
  r.thread("runner A", [&] { s.run(0); });
  r.thread("runner B", [&] { s.run(1); });
  r.thread("canceller", [&] { s.request(); });
  r.at_end([&] {
    for (auto& f : s.runner) f.expect_quiet();
    model::check(s.seen == 1, "not seen, or by two");
  });
}

}  // namespace

int main(int argc, char** argv) {
  return model::run_all(argc, argv,
                        {{"the only handle", sole_handle},
                         {"a stale entry", stale_entry},
                         {"stale entries and two thieves", stale_entries_and_two_thieves},
                         {"trim against recycling", trim_against_recycling},
                         {"trim keeps the living", trim_keeps_the_living},
                         {"two handles", two_handles},
                         {"two handles and a thief", two_handles_and_a_thief, {3, 1}},
                         {"a handle given away", handle_given_away},
                         {"a request at claim", request_at_claim},
                         {"a request at claim by one of two", request_at_claim_by_one_of_two}});
}
