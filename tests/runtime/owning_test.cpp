// What a task owns: its callable and captures go before it is done, whatever their destructors do.
#include <array>
#include <atomic>
#include <memory>
#include <stdexcept>

#include "tests/support/shapes.hpp"

namespace {

// Tells when it goes.
struct tells {
  std::atomic<bool>* gone;
  explicit tells(std::atomic<bool>& g) : gone(&g) {}
  tells(tells&& o) noexcept : gone(std::exchange(o.gone, nullptr)) {}
  ~tells() {
    if (gone != nullptr) gone->store(true);
  }
};

// Throws when it goes.
struct throws {
  bool armed = true;
  throws() = default;
  throws(throws&& o) noexcept : armed(std::exchange(o.armed, false)) {}
  ~throws() noexcept(false) {
    if (armed) throw std::runtime_error("thrown by a destructor");
  }
};

// Throws when it is copied.
struct uncopyable {
  uncopyable() = default;
  uncopyable(uncopyable const&) { throw std::runtime_error("no copy"); }
};

}  // namespace

TEST_CASE("the callable and its captures are destroyed before done() turns true") {
  shapes::everywhere([] {
    for (int how = 0; how != 4; ++how) {
      std::atomic<bool> gone{false};
      auto const t = weft::spawn([c = tells(gone), how] {
        if (how == 1) throw std::runtime_error("x");
        if (how == 2) throw weft::cancelled();
      });
      if (how == 3) (void)t.cancel();
      shapes::until([&] {
        bool const done = t.done();
        if (done) CHECK(gone);
        return done;
      });
      (void)t.cancel();
    }
  });
}

TEST_CASE("C01 the callable of a task that is cancelled before it starts is destroyed, not called") {
  shapes::run_on(1, [] {
    std::atomic<bool> gone{false};
    bool called = false;
    auto const t = weft::spawn([c = tells(gone), &called] { called = true; });
    CHECK(t.cancel());
    t.wait();
    CHECK(t.cancelled());
    CHECK(gone);
    CHECK_FALSE(called);
  });
}

TEST_CASE("a captured destructor that throws is reported; the task's outcome stands") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::reports seen;
    weft::run(seen.options(workers), [] {
      CHECK(weft::spawn({.name = "value"}, [c = throws()] { return 3; }).get() == 3);
      CHECK_THROWS_AS(weft::spawn([c = throws()] { throw 1; }).get(), int);
      auto const t = weft::spawn([c = throws()] { weft::this_task::sleep_for(weft::never); });
      (void)t.cancel();
      t.wait();
      CHECK(t.cancelled());
      CHECK(weft::run_blocking([c = throws()] { return 4; }).get() == 4);
      CHECK(weft::spawn([c = throws(), large = std::array<char, 2000>()] { return large[5]; }).get() == 0);
    });
    REQUIRE(seen.count() == 5);
    CHECK(seen.all()[0].task_name == "value");
    CHECK(shapes::message_of<std::runtime_error>([&] { std::rethrow_exception(seen.all()[0].error); }) ==
          "thrown by a destructor");
  });
}

TEST_CASE("B14 a callable that cannot be copied into the task: spawn throws, nothing is left behind") {
  shapes::on_all([] {
    auto const& rt = *weft::runtime::current();
    auto const before = rt.metrics();
    auto const f = [u = uncopyable()] {};
    CHECK_THROWS_AS((void)weft::spawn(f), std::runtime_error);
    CHECK(rt.metrics().spawned == before.spawned);
    CHECK(weft::spawn([] { return 1; }).get() == 1);
  });
}

TEST_CASE("suspending and spawning in a captured destructor is fine") {
  struct busy {
    bool armed = true;
    busy() = default;
    busy(busy&& o) noexcept : armed(std::exchange(o.armed, false)) {}
    ~busy() {
      if (!armed) return;
      weft::this_task::yield();
      CHECK(weft::spawn([] { return 2; }).get() == 2);
    }
  };
  shapes::everywhere([] {
    CHECK(weft::spawn([b = busy()] { return 1; }).get() == 1);
    auto const waits = weft::spawn([b = busy()] { weft::this_task::yield(); });
    waits.wait();
    CHECK(waits.done());
  });
}
