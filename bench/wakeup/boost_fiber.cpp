// Waking a thread with a fiber of Boost.Fiber that waits for a promise.
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/future/future.hpp>
#include <boost/fiber/future/promise.hpp>

#include <functional>
#include <thread>
#include <utility>

#include "bench/wakeup/config.hpp"

namespace bench::wakeup {
namespace {

void resume_boost(State& state) {
  boost::fibers::buffered_channel<std::function<void()>> jobs{2};
  std::thread scheduler{[&] {
    for (auto const& job : jobs) job();
  }};
  measure(state, [&](moment& m) {
    boost::fibers::promise<void> promise;
    boost::fibers::shared_future<void> const set{promise.get_future()};
    jobs.push([&m, set] {
      set.wait();
      m.now();
    });
    return [promise = std::move(promise)]() mutable { promise.set_value(); };
  });
  jobs.close();
  scheduler.join();
}

BENCHMARK(resume_boost)->Name("wakeup/resume/boost_fiber")->Apply(one_worker)->Apply(once);

}  // namespace
}  // namespace bench::wakeup
