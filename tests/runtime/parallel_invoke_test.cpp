// parallel_invoke: a few callables, each once.
#include <atomic>
#include <memory>
#include <stdexcept>

#include "tests/support/shapes.hpp"

TEST_CASE("parallel_invoke calls each once, from none to many, also move-only ones and those that return something") {
  shapes::everywhere([] {
    weft::parallel_invoke();
    int a = 0, b = 0, c = 0;
    weft::parallel_invoke([&] { ++a; });
    CHECK(a == 1);
    auto const counts = [&] { return ++c; };
    weft::parallel_invoke([&] { ++a; }, [&, p = std::make_unique<int>(3)] { b += *p; }, counts);
    CHECK(a == 2);
    CHECK(b == 3);
    CHECK(c == 1);
    std::atomic<int> n{0};
    auto const f = [&] { ++n; };
    weft::parallel_invoke(f, f, f, f, f, f, f, f, f, f);
    CHECK(n == 10);
    struct once {
      int* called;
      void operator()() && { ++*called; }
    };
    weft::parallel_invoke(once{&a}, once{&b});
    CHECK(a == 3);
    CHECK(b == 4);
  });
}

TEST_CASE("parallel_invoke: a nest computes, on any number of workers") {
  struct fib {
    static int of(int n) {
      if (n < 2) return n;
      int left = 0, right = 0;
      weft::parallel_invoke([&] { left = of(n - 1); }, [&] { right = of(n - 2); });
      return left + right;
    }
  };
  shapes::on_all([] { CHECK(fib::of(18) == 2584); });
  shapes::in_simulations(5, [] { CHECK(fib::of(9) == 34); });
}

TEST_CASE("parallel_invoke: callables that wait for each other, with one worker, too") {
  shapes::everywhere([] {
    weft::channel<int> there(0), back(0);
    int got = 0;
    weft::parallel_invoke(
        [&] {
          there.send(20);
          got = *back.receive();
        },
        [&] { back.send(*there.receive() + 1); });
    CHECK(got == 21);
    weft::barrier all(5);
    std::atomic<int> met{0};
    auto const meet = [&] {
      all.arrive_and_wait();
      ++met;
    };
    weft::parallel_invoke(meet, meet, meet, meet, meet);
    CHECK(met == 5);
  });
}

TEST_CASE("parallel_invoke: those not begun when one fails are not begun; those that run end") {
  shapes::run_on(1, [] {
    bool second = false;
    auto const failing = [&] { weft::parallel_invoke([] { throw std::runtime_error("first"); }, [&] { second = true; }); };
    CHECK(shapes::message_of<std::runtime_error>(failing) == "first");
    CHECK_FALSE(second);
  });
  shapes::everywhere([] {
    bool ended = false;
    weft::event running;
    auto const failing = [&] {
      weft::parallel_invoke(
          [&] {
            running.wait();
            throw std::runtime_error("while the other runs");
          },
          [&] {
            running.set();
            for (int i = 0; i != 5; ++i) weft::this_task::yield();
            ended = true;
          });
    };
    CHECK(shapes::message_of<std::runtime_error>(failing) == "while the other runs");
    CHECK(ended);
  });
}

TEST_CASE("parallel_invoke: of several errors one is thrown, the others count as looked at") {
  shapes::for_each_worker_count([](unsigned workers) {
    shapes::reports seen;
    weft::run(seen.options(workers), [] {
      weft::barrier all(4);
      auto const fail = [&] {
        all.arrive_and_wait();
        throw std::runtime_error("one of four");
      };
      CHECK(shapes::message_of<std::runtime_error>([&] { weft::parallel_invoke(fail, fail, fail, fail); }) == "one of four");
    });
    CHECK(seen.count() == 0);
  });
}

TEST_CASE("parallel_invoke in a destructor while an exception passes") {
  shapes::everywhere([] {
    std::atomic<int> n{0};
    struct at_exit {
      std::atomic<int>& n;
      ~at_exit() {
        auto const step = [this] {
          weft::this_task::yield();
          ++n;
        };
        weft::parallel_invoke(step, step, step);
      }
    };
    auto const leave = [&] {
      at_exit const guard{n};
      throw std::runtime_error("passes");
    };
    CHECK(shapes::message_of<std::runtime_error>(leave) == "passes");
    CHECK(n == 3);
  });
}

TEST_CASE("parallel_invoke under tombstones: bodies that join their own children out of order") {
  shapes::on_all([] {
    std::atomic<int> n{0};
    auto const body = [&] {
      std::vector<weft::task<>> all;
      for (int i = 0; i != 20; ++i) all.push_back(weft::spawn([&n] { ++n; }));
      for (auto& t : all) t.get();  // the oldest first: claimed in place, their entries stay
    };
    for (int round = 0; round != 20; ++round) {
      weft::parallel_invoke(body, body, [&] { weft::parallel_invoke(body, body); });
    }
    CHECK(n == 20 * 20 * 4);
  });
}
