// channel: meeting and buffer, order, closing, nothing lost by cancelling, values that break.
#include <weft/channel.hpp>

#include <atomic>
#include <chrono>
#include <ranges>
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

namespace {

static_assert(std::ranges::input_range<weft::channel<int>>);
static_assert(!std::ranges::sized_range<weft::channel<int>>, "what is in the buffer now is not how many will come");
static_assert(!std::is_copy_constructible_v<weft::channel<int>> && !std::is_convertible_v<std::size_t, weft::channel<int>>);
template <class T>
concept copied_in = requires(weft::channel<T> c, T const v) { c.send(v); };
static_assert(copied_in<std::string> && !copied_in<std::unique_ptr<int>> && !copied_in<std::vector<std::unique_ptr<int>>>);

constexpr std::size_t capacities[] = {0, 1, 3};

// With and without a buffer.
template <class F>
void with_each_capacity(F&& f) {
  for (std::size_t const capacity : capacities) {
    CAPTURE(capacity);
    everywhere([&] { f(capacity); });
  }
}

}  // namespace

TEST_CASE_TEMPLATE("Q02 capacity 0: a send returns when its value has been received, a receive when one was sent", T, int, thing) {
  everywhere([] {
    weft::channel<T> c;
    CHECK(c.capacity() == 0);
    auto const sends = spawn_waiting([&c] { c.send(T(1)); });
    CHECK(c.size() == 0);
    CHECK(value(*c.receive()) == 1);
    sends.get();
    auto const receives = spawn_waiting([&c] { return value(*c.receive()); });
    c.send(T(2));
    CHECK(receives.get() == 2);
  });
  CHECK(thing::alive == 0);
}

TEST_CASE_TEMPLATE("Q02 with a buffer a send waits only when it is full", T, int, thing) {
  everywhere([] {
    weft::channel<T> c(2);
    CHECK(c.capacity() == 2);
    c.send(T(0));
    c.send(T(1));
    CHECK(c.size() == 2);
    auto const sends = spawn_waiting([&c] { c.send(T(2)); });
    for (int i = 0; i != 3; ++i) CHECK(value(*c.receive()) == i);
    sends.get();
    auto const receives = spawn_waiting([&c] { return value(*c.receive()); });
    c.send(T(3));
    CHECK(receives.get() == 3);
  });
}

TEST_CASE_TEMPLATE("Q03 try_send and try_receive say whether they did, and do not wait", T, int, thing) {
  everywhere([] {
    weft::channel<T> meeting;
    T kept(1);
    CHECK_FALSE(meeting.try_receive().has_value());
    CHECK_FALSE(meeting.try_send(std::move(kept)));
    CHECK(value(kept) == 1);  // moved from only on success
    auto const receives = spawn_waiting([&] { return value(*meeting.receive()); });
    CHECK(meeting.try_send(std::move(kept)));
    CHECK(receives.get() == 1);
    auto const sends = spawn_waiting([&] { meeting.send(T(2)); });
    CHECK(value(*meeting.try_receive()) == 2);
    sends.get();

    weft::channel<T> buffered(1);
    CHECK(buffered.try_send(T(3)));
    T more(4);
    CHECK_FALSE(buffered.try_send(std::move(more)));
    CHECK(value(more) == 4);
    CHECK(value(*buffered.try_receive()) == 3);
    CHECK_FALSE(buffered.try_receive().has_value());
  });
}

TEST_CASE_TEMPLATE("Q03 the timed forms: in time or late, never early", T, int, thing) {
  with_each_capacity([](std::size_t capacity) {
    weft::channel<T> c(capacity);
    CHECK_FALSE(c.try_receive_for(0s).has_value());
    auto until = weft::clock::now() + 200us;
    CHECK_FALSE(c.try_receive_until(until).has_value());
    CHECK(weft::clock::now() >= until);
    for (std::size_t i = 0; i != capacity; ++i) CHECK(c.try_send_for(T(0), -1s));
    T kept(1);
    CHECK_FALSE(c.try_send_for(std::move(kept), 0s));
    until = weft::clock::now() + 200us;
    CHECK_FALSE(c.try_send_until(std::move(kept), until));
    CHECK(weft::clock::now() >= until);
    auto const sends = spawn_waiting([&] { return c.try_send_for(std::move(kept), 1h); });
    for (std::size_t i = 0; i != capacity; ++i) CHECK(value(*c.try_receive_for(0s)) == 0);
    CHECK(value(*c.try_receive_for(1h)) == 1);
    CHECK(sends.get());
    auto const receives = spawn_waiting([&] { return value(*c.try_receive_until(weft::never)); });
    CHECK(c.try_send_for(T(2), 1h));
    CHECK(receives.get() == 2);
  });
}

TEST_CASE("values that can be copied are copied, others moved; and not before they go") {
  with_each_capacity([](std::size_t capacity) {
    weft::channel<std::string> c(capacity);
    std::string const fixed(100, 'x');
    std::string own(100, 'y');
    auto const sends = weft::spawn([&] {
      c.send(fixed);
      CHECK(c.try_send_for(fixed, 1h));
      c.send(own);
      CHECK(own.size() == 100);
      c.send(std::move(own));
      c.send("from a literal");
    });
    CHECK(*c.receive() == fixed);
    CHECK(*c.receive() == fixed);
    CHECK(*c.receive() == std::string(100, 'y'));
    CHECK(*c.receive() == std::string(100, 'y'));
    CHECK(*c.receive() == "from a literal");
    sends.get();
    while (!c.try_receive().has_value() && c.size() != 0) {
    }
  });
}

TEST_CASE_TEMPLATE("Q04 Q05 those who wait are served first come first served, on both sides", T, int, thing) {
  with_each_capacity([](std::size_t capacity) {
    weft::channel<T> c(capacity);
    int const full = static_cast<int>(capacity);
    for (int i = 0; i != full; ++i) c.send(T(i));
    std::vector<weft::task<>> senders;
    for (int i = full; i != full + 4; ++i) senders.push_back(spawn_waiting([&c, i] { c.send(T(i)); }));
    for (int i = 0; i != full + 4; ++i) {
      CHECK(value(*c.receive()) == i);
      // What is moved is moved into the buffer by its sender, when that runs.
      if (std::is_same_v<T, thing> && i < 4) senders[static_cast<std::size_t>(i)].get();
    }
    for (auto& s : senders) s.get();
    std::vector<weft::task<int>> receivers;
    for (int i = 0; i != 4; ++i) receivers.push_back(spawn_waiting([&c] { return value(*c.receive()); }));
    for (int i = 0; i != 4; ++i) c.send(T(i));
    for (int i = 0; i != 4; ++i) CHECK(receivers[static_cast<std::size_t>(i)].get() == i);
  });
}

TEST_CASE_TEMPLATE("Q06 Q08 Q09 who is cancelled or late leaves, has taken nothing and sent nothing", T, int, thing) {
  with_each_capacity([](std::size_t capacity) {
    weft::channel<T> c(capacity);
    auto const gone = spawn_waiting([&c] { (void)c.receive(); });
    auto const next = spawn_waiting([&c] { return value(*c.receive()); });
    CHECK(ends_cancelled(gone));
    CHECK_FALSE(c.try_receive_for(0s).has_value());
    c.send(T(1));
    CHECK(next.get() == 1);

    for (std::size_t i = 0; i != capacity; ++i) c.send(T(0));
    T kept(2);
    auto const cancelled = spawn_waiting([&] { c.send(std::move(kept)); });
    auto const sends = spawn_waiting([&] { c.send(T(3)); });
    CHECK(ends_cancelled(cancelled));
    CHECK(value(kept) == 2);
    for (std::size_t i = 0; i != capacity; ++i) CHECK(value(*c.receive()) == 0);
    CHECK(value(*c.receive()) == 3);
    sends.get();
    CHECK_FALSE(c.try_receive().has_value());
  });
}

TEST_CASE("C05 send and receive are checkpoints, also when they would not wait; try_send and try_receive are not") {
  with_each_capacity([](std::size_t capacity) {
    weft::channel<int> c(capacity);
    auto const t = weft::spawn([&] {
      weft::this_task::self().cancel();
      CHECK_FALSE(c.try_receive().has_value());
      CHECK(c.try_send(1) == (capacity != 0));
      c.send(2);
    });
    t.wait();
    CHECK(t.cancelled());
    CHECK(c.size() == (capacity != 0 ? 1 : 0));
  });
}

TEST_CASE("Q10 granted is granted: a request that comes with the value stays pending") {
  in_simulations(50, [] {
    weft::channel<int> c;
    bool got = false;
    auto const t = spawn_waiting([&] {
      got = c.receive().has_value();
      weft::this_task::checkpoint();
    });
    c.send(1);
    t.cancel();
    t.wait();
    CHECK(got);
    CHECK(t.cancelled());
  });
}

TEST_CASE_TEMPLATE("Q15 close: waiting and later sends throw closed_error and keep their value; receives drain, then are empty", T,
                   int, thing) {
  with_each_capacity([](std::size_t capacity) {
    weft::channel<T> c(capacity);
    int const full = static_cast<int>(capacity);
    for (int i = 0; i != full; ++i) c.send(T(i));
    T kept(9);
    auto const sends = spawn_waiting([&] { c.send(std::move(kept)); });
    auto const timed = spawn_waiting([&] { return c.try_send_for(T(8), 1h); });
    CHECK_FALSE(c.closed());
    c.close();
    c.close();
    CHECK(c.closed());
    CHECK_THROWS_AS(sends.get(), weft::closed_error);
    CHECK_FALSE(timed.get());
    CHECK_THROWS_AS(c.send(std::move(kept)), weft::closed_error);
    CHECK_FALSE(c.try_send(std::move(kept)));
    CHECK_FALSE(c.try_send_for(std::move(kept), 1h));
    CHECK(value(kept) == 9);
    for (int i = 0; i != full; ++i) CHECK(value(*c.receive()) == i);
    CHECK_FALSE(c.receive().has_value());
    CHECK_FALSE(c.try_receive().has_value());
    CHECK_FALSE(c.try_receive_for(1h).has_value());

    weft::channel<T> other(capacity);
    auto const receives = spawn_waiting([&] { return other.receive().has_value(); });
    auto const too = spawn_waiting([&] { return other.try_receive_for(1h).has_value(); });
    other.close();
    CHECK_FALSE(receives.get());
    CHECK_FALSE(too.get());
    CHECK(message_of<weft::closed_error>([&] { other.send(T(1)); }) == "weft: the channel is closed");
  });
}

TEST_CASE_TEMPLATE("range-for receives until the channel is closed and drained", T, int, thing) {
  with_each_capacity([](std::size_t capacity) {
    weft::channel<T> c(capacity);
    auto const sends = weft::spawn([&] {
      for (int i = 0; i != 20; ++i) c.send(T(i));
      c.close();
    });
    int next = 0;
    for (T& v : c) CHECK(value(v) == next++);
    CHECK(next == 20);
    sends.get();
    for (T& v : c) FAIL(value(v));
  });
  CHECK(thing::alive == 0);
}

TEST_CASE("L06 plain threads and tasks of two runtimes meet") {
  for (std::size_t const capacity : capacities) {
    weft::channel<thing> there(capacity), back(capacity);
    weft::runtime one({.workers = 2}), two({.workers = 1});
    auto const echoes = one.spawn([&] {
      for (thing& t : there) back.send(std::move(t));
      back.close();
    });
    auto const sends = two.spawn([&] {
      for (int i = 0; i != 200; ++i) there.send(thing(i));
    });
    std::thread sender([&] {
      for (int i = 200; i != 400; ++i) there.send(thing(i));
      sends.wait();
      there.close();
    });
    int sum = 0, n = 0;
    for (thing& t : back) {
      sum += t.value();
      ++n;
    }
    sender.join();
    echoes.get();
    CHECK(n == 400);
    CHECK(sum == 399 * 200);
  }
}

TEST_CASE("Q08 a value that throws when it is sent was not sent; the receiver waits on, in its turn") {
  everywhere([] {
    weft::channel<brittle> c;
    auto const first = spawn_waiting([&] { return c.receive()->value; });
    auto const second = spawn_waiting([&] { return c.receive()->value; });
    CHECK_THROWS_AS(c.send(brittle(1, 0)), std::domain_error);
    // Both have to be back in the line, or the next two would not find them waiting.
    until([&] { return first.state() == weft::task_state::suspended; });
    c.send(brittle(2, 9));
    c.send(brittle(3, 9));
    CHECK(first.get() + second.get() == 5);
  });
  in_simulations(20, [] {
    weft::channel<brittle> c;
    auto const first = spawn_waiting([&] { return c.receive()->value; });
    auto const second = spawn_waiting([&] { return c.receive()->value; });
    CHECK_THROWS_AS(c.send(brittle(1, 0)), std::domain_error);
    for (int i = 0; i != 1000; ++i) weft::this_task::yield();
    c.send(brittle(2, 9));
    CHECK(first.get() == 2);
    c.send(brittle(3, 9));
    CHECK(second.get() == 3);
  });
}

TEST_CASE("Q06 a value that throws when it is received is lost, and its sender has sent it; nothing else is") {
  everywhere([] {
    weft::channel<brittle> c;
    auto const first = spawn_waiting([&] { c.send(brittle(1, 0)); });
    auto const second = spawn_waiting([&] { c.send(brittle(2, 9)); });
    CHECK_THROWS_AS((void)c.receive(), std::domain_error);
    first.get();
    CHECK(c.receive()->value == 2);
    second.get();
  });
}

TEST_CASE("the value moves without a lock: others meet meanwhile, and a cancelled partner waits for the end of the move") {
  everywhere([] {
    weft::promise<> arrived, go;
    auto const at = arrived.get_future();
    weft::channel<slow> c;
    auto const receives = spawn_waiting([&c] { return c.receive()->value; });
    auto const sends = weft::spawn([&] {
      slow s(5);
      s.at = &arrived;
      s.go = go.get_future();
      c.send(std::move(s));
    });
    at.wait();
    receives.cancel();
    auto const other = spawn_waiting([&c] { c.send(slow(6)); });
    CHECK(c.receive()->value == 6);
    other.get();
    CHECK_FALSE(receives.done());
    c.close();
    go.set_value();
    sends.get();
    CHECK(receives.get() == 5);
  });
}

TEST_CASE("containers of move-only things go through channels and queues") {
  using owners = std::vector<std::unique_ptr<int>>;
  with_each_capacity([](std::size_t capacity) {
    weft::channel<owners> c(capacity);
    weft::queue<owners> q(1);
    auto sender = weft::spawn([&] {
      owners v;
      v.push_back(std::make_unique<int>(5));
      c.send(std::move(v));
    });
    auto got = c.receive();
    sender.get();
    REQUIRE(got);
    q.put(std::move(*got));
    CHECK(*q.get().front() == 5);
  });
}
