// Waking a thread of Boost.Asio's pool.
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "bench/wakeup/config.hpp"

namespace bench::wakeup {
namespace {

void spawn_asio(State& state) {
  boost::asio::thread_pool pool{static_cast<std::size_t>(state.range(0))};
  measure(state, [&](moment& m) { return [&] { boost::asio::post(pool, [&m] { m.now(); }); }; });
  pool.join();
}

BENCHMARK(spawn_asio)->Name("wakeup/spawn/asio")->Apply(one_and_two_workers)->Apply(once);

}  // namespace
}  // namespace bench::wakeup
