#pragma once
// simulation: a runtime on one thread where a seed decides every choice and time is virtual. For tests.
#include <cstdint>
#include <source_location>

#include <weft/runtime.hpp>

namespace weft {

// The same seed gives the same run. The clock jumps to the next timer when all wait; when all wait and there is none, run()
// throws deadlock_error, which shows who waits for whom. run_blocking runs its callable as a task.
class simulation {
 public:
  explicit simulation(std::uint64_t seed, runtime_options = {});
  ~simulation();
  simulation(simulation const&) = delete;
  simulation& operator=(simulation const&) = delete;

  // main as a task, on the calling thread; its value or its exception, or deadlock_error.
  template <class F>
  auto run(F&& main, std::source_location site = std::source_location::current()) {
    detail::require_runnable<F>();
    if constexpr (detail::runnable<F>) {
      auto t = runtime_.spawn(task_options{.name = "main"}, std::forward<F>(main), site);
      serve(t);
      return std::move(t).result();
    }
  }

  // How many choices have been made, and a digest of them: equal for equal runs.
  [[nodiscard]] std::uint64_t steps() const noexcept;
  [[nodiscard]] std::uint64_t digest() const noexcept;

 private:
  void serve(detail::handle const& main);
  struct world;                          // simulation.cpp
  std::unique_ptr<world> world_;
  runtime runtime_;
};

}  // namespace weft
