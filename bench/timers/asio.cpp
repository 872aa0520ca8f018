// A steady_timer of Boost.Asio for each, on its pool.
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <deque>

#include "bench/timers/config.hpp"

namespace bench::timers {
namespace {

class timed {
 public:
  timed(boost::asio::thread_pool& pool, sleeper& one) : timer_(pool), one_(one) {}

  void sleep() {
    timer_.expires_at(one_.due());
    timer_.async_wait([this](boost::system::error_code) {
      if (one_.woke(clock::now())) sleep();
    });
  }

 private:
  boost::asio::steady_timer timer_;
  sleeper& one_;
};

void sleep_asio(State& state) {
  measure(state, [&](std::vector<sleeper>& all) {
    boost::asio::thread_pool pool{static_cast<std::size_t>(state.range(0))};
    std::deque<timed> timers;  // they cannot be moved
    for (auto& one : all) timers.emplace_back(pool, one).sleep();
    pool.join();
  });
}

BENCHMARK(sleep_asio)->Name("timers/late/asio")->Apply(all_loads);

}  // namespace
}  // namespace bench::timers
