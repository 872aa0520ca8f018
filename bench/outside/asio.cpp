// The edge of Boost.Asio's pool.
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <future>

#include "bench/outside/config.hpp"

namespace bench::outside {
namespace {

namespace asio = boost::asio;

std::size_t workers(State const& state) { return static_cast<std::size_t>(state.range(0)); }

void spawn_asio(State& state) {
  asio::thread_pool pool{workers(state)};
  measure_spawn(state, [&](auto f) { asio::post(pool, f); });
  pool.join();
}

void blocking_asio(State& state) {
  asio::thread_pool pool{workers(state)};
  measure_blocking(state, [&](std::uint64_t i) {
    std::promise<std::uint64_t> promise;
    auto answer = promise.get_future();
    asio::post(pool, [i, promise = std::move(promise)]() mutable { promise.set_value(i + 1); });
    return answer.get();
  });
  pool.join();
}

void start_stop_asio(State& state) {
  measure_start_stop(state, [&](auto& ran) {
    asio::thread_pool pool{workers(state)};
    asio::post(pool, [&] { ran = true; });
    pool.join();
  });
}

BENCHMARK(spawn_asio)->Name("outside/spawn/asio")->Apply(manual_timing);
BENCHMARK(blocking_asio)->Name("outside/blocking/asio")->Apply(one_worker);
BENCHMARK(start_stop_asio)->Name("outside/start_stop/asio")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::outside
