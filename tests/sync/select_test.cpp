// select: one of several, exactly one; fair, cancel-safe, from anywhere.
#include <weft/select.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/sync/items.hpp"
#include "tests/sync/waiting.hpp"

using namespace items;
using namespace shapes;
using namespace waiting;
using namespace std::chrono_literals;
using weft::after;
using weft::on_acquire;
using weft::on_done;
using weft::on_get;
using weft::on_put;
using weft::on_receive;
using weft::on_send;
using weft::on_set;
using weft::otherwise;
using weft::select;

namespace {

void nothing() {}
[[noreturn]] void never_called() { throw std::logic_error("the wrong case"); }
constexpr auto no_value = [](auto&&) { throw std::logic_error("the wrong case"); };

}  // namespace

TEST_CASE("select: the case that is ready is run, and its index returned") {
  everywhere([] {
    weft::channel<int> c(1), full(1), meeting;
    weft::queue<std::string> q;
    weft::event e;
    weft::semaphore s(0);
    weft::promise<int> p;
    auto const f = p.get_future();
    full.send(0);
    int got = -1;
    std::string text;
    auto const all = [&](weft::deadline d) {
      return select(on_receive(c, [&](std::optional<int> v) { got = *v; }), on_send(full, 7, nothing),
                    on_get(q, [&](std::string v) { text = std::move(v); }), on_done(f, nothing), on_set(e, nothing),
                    on_acquire(s, nothing), after(d, nothing), on_receive(meeting, [&](std::optional<int> v) { got = *v; }));
    };
    CHECK(all(0s) == 6);
    CHECK(all(100us) == 6);
    c.send(3);
    CHECK(all(1h) == 0);
    CHECK(got == 3);
    CHECK(*full.receive() == 0);
    CHECK(all(1h) == 1);
    CHECK(full.size() == 1);
    q.put("item");
    CHECK(all(1h) == 2);
    CHECK(text == "item");
    s.release();
    CHECK(all(1h) == 5);
    CHECK(s.available() == 0);
    auto const sends = spawn_waiting([&] { meeting.send(9); });
    CHECK(all(1h) == 7);
    CHECK(got == 9);
    sends.get();
    e.set();
    CHECK(all(1h) == 4);
    e.reset();
    p.set_value(1);
    CHECK(all(1h) == 3);
  });
}

TEST_CASE("select waits until one of the cases becomes ready, whichever it is, and leaves the others as they were") {
  everywhere([] {
    weft::channel<int> c, full(1);
    weft::queue<int> q, filled(1);
    weft::event e;
    weft::semaphore s(0);
    weft::promise<> p;
    auto const f = p.get_future();
    full.send(0);
    filled.put(0);
    int got = 0;
    auto const start = [&] {
      return spawn_waiting([&] {
        return select(on_receive(c, [&](std::optional<int> v) { got = v.value(); }), on_send(full, 1, nothing),
                      on_get(q, [&](int v) { got = v; }), on_put(filled, 1, nothing), on_set(e, nothing),
                      on_acquire(s, nothing), on_done(f, nothing), after(1h, never_called));
      });
    };
    auto t = start();
    c.send(5);
    CHECK(t.get() == 0);
    CHECK(got == 5);
    t = start();
    CHECK(*full.receive() == 0);
    CHECK(t.get() == 1);
    CHECK(full.size() == 1);
    t = start();
    q.put(6);
    CHECK(t.get() == 2);
    CHECK(got == 6);
    CHECK(q.empty());
    t = start();
    CHECK(filled.get() == 0);
    CHECK(t.get() == 3);
    CHECK(filled.size() == 1);
    t = start();
    e.set();
    CHECK(t.get() == 4);
    e.reset();
    t = start();
    s.release();
    CHECK(t.get() == 5);
    CHECK(s.available() == 0);
    t = start();
    p.set_value();
    CHECK(t.get() == 6);
    // Nobody is listed anywhere any more.
    CHECK_FALSE(c.try_send(1));
    CHECK_FALSE(full.try_send(2));
    s.release();
    CHECK(s.try_acquire());
    CHECK(q.try_put(1));
    CHECK(q.size() == 1);
  });
}

TEST_CASE("select: after is for when nothing else is ready; of several the earliest; otherwise does not wait") {
  everywhere([] {
    weft::channel<int> c(1);
    CHECK(select(on_receive(c, no_value), otherwise(nothing)) == 1);
    CHECK(select(after(1h, never_called), otherwise(nothing)) == 1);
    CHECK(select(otherwise(never_called), after(0s, nothing)) == 1);
    CHECK(select(after(1h, never_called), on_receive(c, no_value), after(-1s, nothing)) == 2);
    auto const until = weft::clock::now() + 300us;
    CHECK(select(after(1h, never_called), after(until, nothing), after(weft::never, never_called), on_receive(c, no_value)) == 1);
    CHECK(weft::clock::now() >= until);
    c.send(1);
    for (int i = 0; i != 20; ++i) {
      CHECK(select(after(0s, never_called), on_receive(c, [](std::optional<int> v) { CHECK(v == 1); }), otherwise(never_called)) == 1);
      c.send(1);
    }
  });
}

TEST_CASE("select: of those that are ready each is as likely") {
  on_all([] {
    std::array<weft::channel<int>, 4> c{weft::channel<int>(2000), weft::channel<int>(1), weft::channel<int>(2000), weft::channel<int>(2000)};
    for (int i = 0; i != 2000; ++i) {
      c[0].send(i);
      c[2].send(i);
      c[3].send(i);
    }
    std::array<int, 4> count{};
    for (int i = 0; i != 1500; ++i) {
      auto const k = select(on_receive(c[0], [](auto) {}), on_receive(c[1], no_value), on_receive(c[2], [](auto) {}),
                            on_receive(c[3], [](auto) {}));
      ++count[k];
    }
    CHECK(count[1] == 0);
    for (std::size_t const k : {0u, 2u, 3u}) CHECK((count[k] > 400 && count[k] < 600));  // 500, five sigma
  });
}

TEST_CASE("select: the value of on_send and on_put is touched only if the case is chosen") {
  everywhere([] {
    weft::channel<thing> c, buffered(1);
    weft::queue<thing> q(1);
    q.put(thing(0));
    buffered.send(thing(0));
    thing one(1), two(2), three(3);
    auto const all = [&](weft::deadline d) {
      return select(on_send(c, std::move(one), nothing), on_send(buffered, std::move(two), nothing),
                    on_put(q, std::move(three), nothing), after(d, nothing));
    };
    CHECK(all(0s) == 3);
    CHECK(all(100us) == 3);
    CHECK((one.intact() && two.intact() && three.intact()));
    CHECK(q.get().value() == 0);
    CHECK(all(1h) == 2);
    CHECK((one.intact() && two.intact() && !three.intact()));
    CHECK(q.get().value() == 3);
    auto const receives = spawn_waiting([&c] { return c.receive()->value(); });
    weft::queue<thing> none(1);
    none.put(thing(0));
    CHECK(select(on_send(c, std::move(one), nothing), on_put(none, std::move(two), nothing)) == 0);
    CHECK(receives.get() == 1);
    CHECK((!one.intact() && two.intact()));

    weft::channel<std::string> texts(1);
    std::string const fixed(50, 'x');
    CHECK(select(on_send(texts, fixed, nothing), otherwise(nothing)) == 0);
    CHECK(select(on_send(texts, fixed, nothing), otherwise(nothing)) == 1);
    CHECK(*texts.receive() == fixed);
    CHECK(select(on_send(texts, "literal", nothing)) == 0);
    CHECK(*texts.receive() == "literal");
  });
  CHECK(thing::alive == 0);
}

TEST_CASE("select: two of them meet in a channel without a buffer") {
  everywhere([] {
    weft::channel<thing> one, two;
    std::atomic<int> got{0};
    auto const a = weft::spawn([&] {
      for (int i = 0; i != 50; ++i) {
        (void)select(on_send(one, thing(1), nothing), on_receive(two, [&](std::optional<thing> v) { got += v->value(); }));
      }
    });
    auto const b = weft::spawn([&] {
      for (int i = 0; i != 50; ++i) {
        (void)select(on_receive(one, [&](std::optional<thing> v) { got += v->value(); }), on_send(two, thing(1), nothing));
      }
    });
    a.get();
    b.get();
    CHECK(got == 50);
  });
}

TEST_CASE("select: the same object in several cases; a select does not meet itself") {
  everywhere([] {
    weft::channel<int> c, buffered(1);
    weft::event e;
    weft::semaphore s(1);
    CHECK(select(on_send(c, 1, never_called), on_receive(c, no_value), on_receive(c, no_value), after(100us, nothing)) == 3);
    CHECK(select(on_send(buffered, 1, nothing), on_receive(buffered, no_value)) == 0);
    CHECK(select(on_send(buffered, 2, never_called), on_receive(buffered, [](auto v) { CHECK(v == 1); })) == 1);
    CHECK(select(on_acquire(s, nothing), on_acquire(s, nothing), on_set(e, never_called), on_set(e, never_called)) < 2);
    CHECK(s.available() == 0);
    auto t = spawn_waiting([&] {
      return select(on_set(e, nothing), on_acquire(s, nothing), on_set(e, nothing), on_acquire(s, nothing), on_receive(c, [](auto) {}),
                    on_receive(c, [](auto) {}));
    });
    s.release();
    CHECK(t.get() == 1);
    CHECK(s.available() == 0);
    CHECK_FALSE(c.try_send(1));
    auto const partner = spawn_waiting([&] { return select(on_send(c, 4, nothing), on_receive(c, [](auto v) { CHECK(v == 5); })); });
    CHECK(c.try_send(5));
    CHECK(partner.get() == 1);
    auto const other = spawn_waiting([&] { return select(on_send(c, 4, nothing), on_receive(c, no_value)); });
    CHECK(*c.try_receive() == 4);
    CHECK(other.get() == 0);
  });
}

TEST_CASE("Q15 select: closed is ready: on_receive gives nothing, on_get, on_put and on_send throw closed_error") {
  everywhere([] {
    for (std::size_t const capacity : {0u, 2u}) {
      weft::channel<int> c(capacity), kept(capacity);
      weft::queue<int> q, some(5);
      auto const waits = [&](auto&& f) { return spawn_waiting(f); };
      auto const receives = waits([&] { return select(on_receive(c, [](auto v) { CHECK_FALSE(v.has_value()); })); });
      auto const gets = waits([&] { return select(on_receive(kept, no_value), on_get(q, no_value)); });
      c.close();
      q.close();
      CHECK(receives.get() == 0);
      CHECK_THROWS_AS((void)gets.get(), weft::closed_error);
      CHECK_THROWS_AS(select(on_receive(kept, no_value), on_send(c, 1, nothing)), weft::closed_error);
      CHECK_THROWS_AS(select(on_receive(kept, no_value), on_put(q, 1, nothing)), weft::closed_error);
      CHECK_THROWS_AS(select(on_get(q, no_value)), weft::closed_error);
      bool empty = false;
      CHECK(select(on_receive(c, [&](std::optional<int> v) { empty = !v; }), after(1h, nothing)) == 0);
      CHECK(empty);
      for (std::size_t i = 0; i != capacity; ++i) kept.send(1);
      for (int i = 0; i != 5; ++i) some.put(i);
      auto const sends = waits([&] { return select(on_send(kept, 1, nothing)); });
      auto const puts = waits([&] { return select(on_put(some, 1, nothing)); });
      kept.close();
      some.close();
      CHECK_THROWS_AS((void)sends.get(), weft::closed_error);
      CHECK_THROWS_AS((void)puts.get(), weft::closed_error);
      CHECK(select(on_get(some, [](int v) { CHECK(v == 0); })) == 0);
    }
  });
}

TEST_CASE("select: bad input") {
  everywhere([] {
    CHECK_THROWS_AS(select(), std::invalid_argument);
    CHECK_THROWS_AS(select(on_done(weft::future<int>(), nothing)), weft::invalid_state_error);
    weft::bounded_semaphore never(0);
    CHECK_THROWS_AS(select(on_acquire(never, nothing), otherwise(nothing)), std::invalid_argument);
    weft::channel<int> c(1);
    c.send(1);
    CHECK_THROWS_AS(select(on_receive(c, [](auto) { throw std::domain_error("from f"); })), std::domain_error);
    CHECK(c.size() == 0);
    CHECK_FALSE(weft::with_timeout(1h, [&] { return c.try_receive().has_value(); }));
  });
}

TEST_CASE("select: f runs after the choice, when nobody is kept waiting by it") {
  everywhere([] {
    weft::channel<int> c;
    weft::semaphore s(0);
    auto const sends = spawn_waiting([&c] { c.send(1); });
    CHECK(select(on_receive(c,
                            [&](std::optional<int>) {
                              sends.get();
                              auto const again = spawn_waiting([&c] { c.send(2); });
                              CHECK(select(on_receive(c, [](auto v) { CHECK(v == 2); }), on_acquire(s, nothing)) == 0);
                              again.get();
                            }),
                 on_acquire(s, nothing)) == 0);
  });
}

TEST_CASE("C05 select is a checkpoint, also when it would not wait") {
  everywhere([] {
    weft::channel<int> c(1);
    c.send(1);
    auto const t = weft::spawn([&] {
      weft::this_task::self().cancel();
      (void)select(on_receive(c, no_value), otherwise(never_called));
    });
    t.wait();
    CHECK(t.cancelled());
    CHECK(c.size() == 1);
  });
}

TEST_CASE("L02 SE03 EVT3 Q06 Q08 a select that is cancelled has taken nothing, and lets those behind it go on") {
  everywhere([] {
    weft::channel<int> c;
    weft::queue<int> q;
    weft::semaphore s(0);
    weft::event e;
    weft::promise<> p;
    auto const f = p.get_future();
    auto const t = spawn_waiting([&] {
      (void)select(on_receive(c, no_value), on_get(q, no_value), on_acquire(s, nothing), on_set(e, nothing), on_done(f, nothing));
    });
    auto const receives = spawn_waiting([&] { return *c.receive(); });
    auto const acquires = spawn_waiting([&] { s.acquire(); });
    CHECK(ends_cancelled(t));
    CHECK(c.try_send(1));
    s.release();
    q.put(1);
    CHECK(receives.get() == 1);
    acquires.get();
    CHECK(q.get() == 1);
    e.set();
    p.set_value();
    // A semaphore with somebody behind who could go on: it was this one who stood in the way.
    weft::semaphore two(1);
    auto const wants_more = spawn_waiting([&] { two.acquire(2); });
    auto const in_line = spawn_waiting([&] { (void)select(on_acquire(two, nothing)); });
    auto const last = spawn_waiting([&] { two.acquire(); });
    CHECK(ends_cancelled(wants_more));
    in_line.get();
    two.release();
    last.get();
  });
}

TEST_CASE("Q10 select: chosen is chosen: a request that comes with the item stays pending") {
  in_simulations(50, [] {
    weft::queue<int> q;
    weft::channel<int> c;
    int got = 0;
    auto const t = spawn_waiting([&] {
      (void)select(on_get(q, [&](int v) { got = v; }), on_receive(c, no_value));
      weft::this_task::checkpoint();
    });
    q.put(1);
    t.cancel();
    t.wait();
    CHECK(got == 1);
    CHECK(t.cancelled());
  });
}

TEST_CASE("L06 select from a plain thread; an event may be destroyed by whoever has seen it set") {
  for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    for (int i = 0; i != 50; ++i) {
      auto e = std::make_unique<weft::event>();
      weft::channel<int> c, never_used;
      auto const sends = rt.spawn([&] { c.send(1); });
      CHECK(select(on_receive(c, [](auto v) { CHECK(v == 1); }), on_receive(never_used, no_value), after(1h, nothing)) == 0);
      sends.get();
      auto const sets = rt.spawn([&] { e->set(); });
      CHECK(select(on_set(*e, nothing), on_set(*e, nothing), on_receive(never_used, no_value)) < 2);
      e.reset();
      sets.get();
      auto const ends = rt.spawn([] { return 1; });
      CHECK(select(on_done(ends, nothing), on_receive(never_used, no_value)) == 0);
      CHECK(select(on_receive(never_used, no_value), after(50us, nothing)) == 1);
    }
  });
}

TEST_CASE("Q08 select: a value that breaks on its way was not sent, and the select at the other end waits on") {
  everywhere([] {
    weft::channel<brittle> c;
    weft::event e;
    auto const t = spawn_waiting([&] {
      int got = 0;
      (void)select(on_receive(c, [&](std::optional<brittle> v) { got = v->value; }), on_set(e, nothing));
      return got;
    });
    CHECK_THROWS_AS(c.send(brittle(1, 0)), std::domain_error);
    (void)select(on_send(c, brittle(2, 9), nothing));
    CHECK(t.get() == 2);
    weft::queue<brittle> q(1);
    CHECK_THROWS_AS(select(on_put(q, brittle(1, 0), nothing)), std::domain_error);
    CHECK_FALSE(q.full());
  });
}

TEST_CASE("the function of the chosen case may destroy what was not chosen") {
  everywhere([] {
    for (bool const waits : {false, true}) {
      auto full = std::make_unique<weft::queue<int>>(1);
      auto narrow = std::make_unique<weft::channel<int>>(1);
      full->put(0);
      narrow->send(0);
      weft::event stop;
      weft::task<> later;
      if (waits) {
        later = weft::spawn([&stop] { stop.set(); });
      } else {
        stop.set();
      }
      auto const destroy = [&] {
        full.reset();
        narrow.reset();
      };
      CHECK(weft::select(weft::on_put(*full, 1, [] {}), weft::on_send(*narrow, 1, [] {}), weft::on_set(stop, destroy)) == 2);
      if (waits) later.get();
    }
  });
}
