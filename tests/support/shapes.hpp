#pragma once
// The shapes that runtimes come in: every behaviour is shown with 1, 2 and 4 workers, some in the simulation too.
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <weft/weft.hpp>

#include "tests/support/storm.hpp"

namespace shapes {

inline constexpr unsigned worker_counts[] = {1, 2, 4};

// Not templates where it can be avoided: each body would be another task to compile, and those of the tests are many.
using body = std::function<void()>;

// f(workers), for each of 1, 2, 4, and in the long version of 16.
inline void for_each_worker_count(std::function<void(unsigned)> const& f) {
  for (unsigned const workers : {1u, 2u, 4u, 16u}) {
    if (workers > 4 && !storm::long_version()) continue;
    CAPTURE(workers);
    f(workers);
  }
}

// main as the main task of a runtime with so many workers.
template <class F>
auto run_on(unsigned workers, F&& main) {
  return weft::run({.workers = workers}, std::forward<F>(main));
}

// main with 1, 2 and 4 workers.
inline void on_all(body const& main) {
  for_each_worker_count([&](unsigned workers) { run_on(workers, main); });
}

// main in simulations with the seeds 0 to seeds - 1.
inline void in_simulations(std::uint64_t seeds, body const& main) {
  for (std::uint64_t seed = 0; seed != seeds; ++seed) {
    CAPTURE(seed);
    weft::simulation(seed).run(main);
  }
}

// main in all shapes.
inline void everywhere(body const& main) {
  on_all(main);
  in_simulations(10, main);
}

// What a runtime has reported through on_unhandled.
class reports {
 public:
  [[nodiscard]] weft::runtime_options options(unsigned workers) {
    weft::runtime_options o;
    o.workers = workers;
    o.on_unhandled = [this](weft::unhandled_error const& e) {
      std::lock_guard const guard{lock_};
      all_.push_back(e);
    };
    return o;
  }
  [[nodiscard]] std::vector<weft::unhandled_error> all() const {
    std::lock_guard const guard{lock_};
    return all_;
  }
  [[nodiscard]] std::size_t count() const { return all().size(); }

 private:
  mutable std::mutex lock_;
  std::vector<weft::unhandled_error> all_;
};

// Lets others run until it holds. From a task or a plain thread.
template <class Condition>
void until(Condition&& holds) {
  while (!holds()) weft::this_task::yield();
}

// Somebody waits for this for ever: nobody ever sets these, and nobody hears of their end.
inline weft::future<> never_done() {
  static auto* const kept = new weft::promise<>;
  return kept->get_future();
}
inline void wait_for_ever() { never_done().wait(); }

// The message of what `f` throws as an E; fails the test if it throws something else, or nothing.
template <class E, class F>
std::string message_of(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (E const& e) {
    if constexpr (requires { e.what(); }) {
      return e.what();
    } else {
      return e.message();
    }
  } catch (...) {
    FAIL("another exception than expected");
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace shapes
