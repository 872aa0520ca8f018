// Handles of results: what may be asked when, who gets the value, what is an observed error.
#include <array>
#include <atomic>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>

#include "tests/support/shapes.hpp"

using namespace std::chrono_literals;

static_assert(std::is_same_v<weft::future<int>::value_type, int>);
static_assert(std::is_same_v<weft::task<>::value_type, void>);
static_assert(std::is_copy_constructible_v<weft::future<std::unique_ptr<int>>>);
static_assert(std::is_nothrow_move_constructible_v<weft::future<int>> && std::is_nothrow_default_constructible_v<weft::future<int>>);
static_assert(std::is_convertible_v<weft::task<int>, weft::future<int>>);
static_assert(!std::is_convertible_v<weft::future<int>, weft::task<int>>);
static_assert(std::is_same_v<decltype(std::declval<weft::future<int> const&>().get()), int const&>);
static_assert(std::is_same_v<decltype(std::declval<weft::future<int>>().get()), int>);
static_assert(std::is_same_v<decltype(std::declval<weft::future<> const&>().get()), void>);
static_assert(std::is_same_v<decltype(std::declval<weft::future<int> const&>().result()), int const&>);
static_assert(std::is_same_v<decltype(std::declval<weft::future<int> const&>().take()), int>);

TEST_CASE("F01 a new future is neither done nor cancelled; cancelled it is both") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    CHECK(f.valid());
    CHECK_FALSE(f.done());
    CHECK_FALSE(f.cancelled());
    CHECK(f.cancel());
    CHECK(f.done());
    CHECK(f.cancelled());
  });
}

TEST_CASE("F02 result and exception of a pending future are invalid-state errors and do not block") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto f = p.get_future();
    CHECK_THROWS_AS((void)f.result(), weft::invalid_state_error);
    CHECK_THROWS_AS((void)weft::future<int>(f).result(), weft::invalid_state_error);
    CHECK_THROWS_AS((void)f.exception(), weft::invalid_state_error);
    CHECK_FALSE(f.done());
    p.set_value(3);
    CHECK(f.result() == 3);
    CHECK(f.exception() == nullptr);
    CHECK(std::move(f).result() == 3);
    CHECK_FALSE(f.valid());
  });
}

TEST_CASE("F02 an empty handle: not done, not cancelled, everything else is an invalid-state error") {
  weft::future<int> f;
  CHECK_FALSE(f.valid());
  CHECK_FALSE(f.done());
  CHECK_FALSE(f.cancelled());
  CHECK_THROWS_AS((void)f.get(), weft::invalid_state_error);
  CHECK_THROWS_AS((void)std::move(f).get(), weft::invalid_state_error);
  CHECK_THROWS_AS((void)f.take(), weft::invalid_state_error);
  CHECK_THROWS_AS((void)f.result(), weft::invalid_state_error);
  CHECK_THROWS_AS((void)std::move(f).result(), weft::invalid_state_error);
  CHECK_THROWS_AS((void)f.exception(), weft::invalid_state_error);
  CHECK_THROWS_AS(f.wait(), weft::invalid_state_error);
  CHECK_THROWS_AS((void)f.wait_for(1s), weft::invalid_state_error);
  CHECK_THROWS_AS((void)f.wait_until(weft::never), weft::invalid_state_error);
  CHECK_THROWS_AS((void)f.cancel(), weft::invalid_state_error);
  CHECK_THROWS_AS((void)f.on_done([](auto const&) {}), weft::invalid_state_error);
  weft::task<int> const t;
  CHECK_THROWS_AS((void)t.id(), weft::invalid_state_error);
  CHECK_THROWS_AS((void)t.name(), weft::invalid_state_error);
  CHECK_THROWS_AS(t.set_name("x"), weft::invalid_state_error);
}

TEST_CASE("F05 cancel says true while pending; on a done future false, and changes nothing") {
  shapes::everywhere([] {
    auto const t = weft::spawn([] { return 7; });
    CHECK(t.get() == 7);
    CHECK_FALSE(t.cancel());
    CHECK_FALSE(t.cancelled());
    CHECK(t.get() == 7);
    auto const waits = weft::spawn([] { weft::this_task::sleep_for(weft::never); });
    CHECK(waits.cancel());
    waits.wait();
    CHECK(waits.cancelled());
    CHECK_FALSE(waits.cancel());
  });
}

TEST_CASE("F06 F08 result, exception, get and take of a cancelled future throw task_cancelled_error with the message") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto f = p.get_future();
    CHECK(f.cancel("no longer wanted"));
    auto const text = std::string("no longer wanted");
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { (void)f.get(); }) == text);
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { (void)f.result(); }) == text);
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { (void)f.exception(); }) == text);
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { (void)f.take(); }) == text);
    CHECK(shapes::message_of<weft::task_cancelled_error>([&] { (void)std::move(f).get(); }) == text);
  });
}

TEST_CASE("F07 exception is null after success, the very same object after failure") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    auto const e = std::make_exception_ptr(std::runtime_error("this one"));
    p.set_exception(e);
    CHECK(f.exception() == e);
    CHECK(f.exception() == weft::future<int>(f).exception());
    std::runtime_error const* first = nullptr;
    for (int i = 0; i != 3; ++i) {
      try {
        (void)f.get();
      } catch (std::runtime_error const& again) {
        if (first == nullptr) first = &again;
        CHECK(&again == first);
      }
    }
    CHECK(first != nullptr);
  });
}

TEST_CASE("F10 a done future is awaited many times, by many, on tasks and plain threads") {
  shapes::for_each_worker_count([](unsigned workers) {
    weft::runtime rt({.workers = workers});
    auto const f = rt.spawn([] { return std::string("shared"); });
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    std::vector<weft::task<>> tasks;
    for (int i = 0; i != 3; ++i) {
      threads.emplace_back([f, &right] { right += f.get() == "shared" && f.get() == "shared" ? 1 : 0; });
      tasks.push_back(rt.spawn([f, &right] { right += f.get() == "shared" ? 1 : 0; }));
    }
    for (auto& t : threads) t.join();
    for (auto& t : tasks) t.get();
    CHECK(right == 6);
    CHECK(&f.get() == &f.get());
  });
}

TEST_CASE("F10 copies are independent handles of one thing; identity, hash") {
  shapes::everywhere([] {
    auto t = weft::spawn([] { return 1; });
    auto const copy = t;
    weft::future<int> const wider = t;
    auto const other = weft::spawn([] { return 1; });
    CHECK(copy == t);
    CHECK(wider == t);
    CHECK_FALSE(other == t);
    CHECK(weft::future<>{} == weft::future<>{});
    std::unordered_set<weft::task<int>> const set{t, copy, other};
    CHECK(set.size() == 2);
    CHECK(std::move(t).get() == 1);
    CHECK_FALSE(t.valid());
    CHECK(copy.get() == 1);
    CHECK(other.get() == 1);
  });
}

TEST_CASE("get() && moves the value out for the last handle, copies for others") {
  shapes::everywhere([] {
    auto t = weft::spawn([] { return std::vector<int>(100, 7); });
    auto copy = t;
    t.wait();
    auto const* const kept = copy.get().data();
    auto const copied = std::move(t).get();
    CHECK(copied.data() != kept);
    CHECK_FALSE(t.valid());
    CHECK(copy.get().size() == 100);
    auto const moved = std::move(copy).get();
    CHECK(moved.data() == kept);
    CHECK_FALSE(copy.valid());
  });
}

TEST_CASE("an any_task is no obstacle to moving the value out") {
  shapes::everywhere([] {
    auto t = weft::spawn([] { return std::make_unique<int>(5); });
    weft::any_task const watcher = t;
    CHECK(*std::move(t).get() == 5);
    CHECK(watcher.done());
  });
}

TEST_CASE("a move-only value: logic_error while others hold a handle, the handle is kept") {
  shapes::everywhere([] {
    auto t = weft::spawn([] { return std::make_unique<int>(5); });
    auto copy = t;
    CHECK(*t.get() == 5);
    CHECK_THROWS_AS((void)std::move(t).get(), std::logic_error);
    CHECK_THROWS_AS((void)std::move(t).result(), std::logic_error);
    CHECK(t.valid());
    copy = {};
    CHECK(*std::move(t).get() == 5);
  });
}

TEST_CASE("containers of move-only things are move-only, though std says they could be copied") {
  using owners = std::vector<std::unique_ptr<int>>;
  static_assert(std::is_copy_constructible_v<owners>);
  shapes::everywhere([] {
    auto const make = [] {
      owners v;
      v.push_back(std::make_unique<int>(5));
      return v;
    };
    CHECK(*weft::spawn(make).get().front() == 5);
    auto t = weft::spawn(make);
    auto const copy = t;
    CHECK(*t.get().front() == 5);
    CHECK_THROWS_AS((void)std::move(t).get(), std::logic_error);
    CHECK(*copy.take().front() == 5);
    CHECK(*weft::with_timeout(weft::never, weft::spawn(make)).front() == 5);
    CHECK(*std::get<0>(weft::gather(make, make)).front() == 5);
    using by_name = std::map<std::string, std::pair<int, std::optional<std::vector<owners>>>>;
    auto nested = weft::spawn([&make] {
      by_name all;
      all["one"].second.emplace().push_back(make());
      return all;
    });
    CHECK(*nested.get().at("one").second->front().front() == 5);
    auto const another = nested;
    CHECK_THROWS_AS((void)std::move(nested).result(), std::logic_error);
    auto text = weft::spawn([] { return std::map<std::string, std::vector<int>>{{"a", {1, 2}}}; });
    auto const of_text = text;
    CHECK(std::move(text).get().at("a").size() == 2);
    CHECK(of_text.get().at("a").size() == 2);
  });
}

TEST_CASE("take moves the value out whoever else holds a handle, once") {
  shapes::everywhere([] {
    auto const t = weft::spawn([] { return std::make_unique<int>(5); });
    auto copy = t;
    CHECK(*copy.take() == 5);
    CHECK_THROWS_AS((void)t.take(), weft::invalid_state_error);
    CHECK_THROWS_AS((void)t.get(), weft::invalid_state_error);
    CHECK_THROWS_AS((void)t.result(), weft::invalid_state_error);
    CHECK_THROWS_AS((void)std::move(copy).get(), weft::invalid_state_error);
    CHECK(t.done());
    CHECK(t.exception() == nullptr);
  });
}

TEST_CASE("values of every kind: void, immovable, over-aligned, large") {
  shapes::everywhere([] {
    struct alignas(64) wide {
      int v = 9;
    };
    auto const immovable = weft::spawn([] { return std::mutex(); });
    CHECK(const_cast<std::mutex&>(immovable.get()).try_lock());
    const_cast<std::mutex&>(immovable.get()).unlock();
    auto const over_aligned = weft::spawn([] { return wide{}; });
    CHECK(reinterpret_cast<std::uintptr_t>(&over_aligned.get()) % 64 == 0);
    CHECK(over_aligned.get().v == 9);
    auto large = weft::spawn([] {
      std::array<char, 5000> a{};
      a.back() = 'z';
      return a;
    });
    CHECK(std::move(large).get().back() == 'z');
    auto nothing = weft::spawn([] {});
    nothing.get();
    std::move(nothing).get();
    CHECK_FALSE(nothing.valid());
  });
}

TEST_CASE("the value is destroyed once, with the last handle") {
  shapes::everywhere([] {
    auto const life = std::make_shared<int>(1);
    auto t = weft::spawn([life] { return life; });
    t.wait();
    CHECK(life.use_count() == 2);
    {
      auto const copy = t;
      CHECK(copy.get() == life);
    }
    CHECK(life.use_count() == 2);
    t = {};
    shapes::until([&] { return life.use_count() == 1; });
  });
}

TEST_CASE("F17 an error that nobody looked at is reported once, with name, id and spawn site") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::reports seen;
    std::uint64_t id = 0;
    weft::run(seen.options(workers), [&] {
      auto const t = weft::spawn({.name = "the loser"}, []() -> int { throw std::runtime_error("lost"); });
      auto const copy = t;
      id = t.id();
      t.wait();
    });
    REQUIRE(seen.count() == 1);
    auto const report = seen.all()[0];
    CHECK(report.task_name == "the loser");
    CHECK(report.task_id == id);
    CHECK(std::string(report.spawned_at.file_name()).ends_with("future_test.cpp"));
    CHECK_FALSE(report.what_happened.empty());
    CHECK(shapes::message_of<std::runtime_error>([&] { std::rethrow_exception(report.error); }) == "lost");
  });
}

// A task that fails after its handle has gone. It has started when this returns: else it might be cancelled at the end.
static void fail_alone() {
  weft::promise<> started;
  auto const f = started.get_future();
  weft::spawn([p = std::move(started)]() mutable {
    p.set_value();
    throw std::runtime_error("alone");
  }).detach();
  f.get();
}

TEST_CASE("F17 also when the handle went before it failed, and for a promise") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::reports seen;
    weft::run(seen.options(workers), [] {
      fail_alone();
      weft::promise<int> p;
      auto const f = p.get_future();
      p.set_exception(std::make_exception_ptr(std::runtime_error("told to nobody")));
    });
    REQUIRE(seen.count() == 2);
    auto const all = seen.all();
    CHECK(all[0].what_happened != all[1].what_happened);
    for (auto const& u : all) {
      if (u.what_happened.find("promise") != u.what_happened.npos) CHECK(u.task_id == 0);
    }
  });
}

TEST_CASE("F17 every report has been made when run() returns") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::reports seen;
    weft::runtime rt(seen.options(workers));
    for (std::size_t i = 1; i <= 300; ++i) {
      rt.run([] { fail_alone(); });
      REQUIRE(seen.count() == i);
    }
  });
}

TEST_CASE("F18 F20 get, result, exception and cancel count as looking; success, cancel and abandoning are no errors") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::reports seen;
    weft::run(seen.options(workers), [] {
      auto const fails = [] { return weft::spawn([]() -> int { throw std::runtime_error("x"); }); };
      auto const got = fails();
      CHECK_THROWS_AS((void)got.get(), std::runtime_error);
      auto const asked = fails();
      asked.wait();
      CHECK(asked.exception() != nullptr);
      auto const read = fails();
      read.wait();
      CHECK_THROWS_AS((void)read.result(), std::runtime_error);
      auto const taken = fails();
      CHECK_THROWS_AS((void)taken.take(), std::runtime_error);
      auto const moved = fails();
      CHECK_THROWS_AS((void)weft::task<int>(moved).get(), std::runtime_error);
      auto const dismissed = fails();
      dismissed.wait();
      CHECK_FALSE(dismissed.cancel());
      auto const stopped = weft::spawn([] { weft::this_task::sleep_for(weft::never); });
      (void)stopped.cancel();
      stopped.wait();
      weft::spawn([] { return 1; }).detach();
      weft::promise<int> never_kept;
      auto abandoned = never_kept.get_future();
      abandoned = {};
    });
    CHECK(seen.count() == 0);
  });
}

TEST_CASE("F26 F27 futures need no runtime, and are awaited across runtimes") {
  weft::promise<int> p;
  auto const f = p.get_future();
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime one({.workers = workers}), two({.workers = workers});
    auto const inner = one.spawn([f] { return f.get() + 1; });
    auto const outer = two.spawn([inner] { return inner.get() + 1; });
    if (!f.done()) p.set_value(40);
    CHECK(outer.get() == 42);
  });
}

TEST_CASE("F27 runtimes await each other in both directions, many times") {
  shapes::for_each_worker_count([&](unsigned workers) {
    weft::runtime one({.workers = workers}), two({.workers = workers});
    auto const sum = one.spawn([&two] {
      int n = 0;
      for (int i = 0; i != 200; ++i) {
        n += two.spawn([up = weft::runtime::current()] { return up->spawn([] { return 1; }).get(); }).get();
      }
      return n;
    });
    CHECK(sum.get() == 200);
  });
}

TEST_CASE("wait, wait_for and wait_until: true when done, neither throw nor cancel") {
  shapes::everywhere([] {
    weft::promise<int> p;
    auto const f = p.get_future();
    CHECK_FALSE(f.wait_for(0s));
    CHECK_FALSE(f.wait_for(-1h));
    CHECK_FALSE(f.wait_for(1ms));
    CHECK_FALSE(f.wait_until(weft::clock::now() + 1ms));
    CHECK_FALSE(f.done());
    auto const setter = weft::spawn([&p] { p.set_value(1); });  // the caller outlives it: joined below
    CHECK(f.wait_for(1h));
    CHECK(f.wait_until(weft::never));
    f.wait();
    setter.get();
    auto const failed = weft::spawn([] { throw 1; });
    CHECK(failed.wait_for(weft::clock::duration::max()));
    CHECK_THROWS_AS(failed.get(), int);
  });
}
