// Requests posted to Boost.Asio's pool.
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "bench/overload/config.hpp"

namespace bench::overload {
namespace {

void posted_asio(State& state) {
  boost::asio::thread_pool pool{static_cast<std::size_t>(state.range(0))};
  measure_posted(state, [&](auto f) { boost::asio::post(pool, f); });
  pool.join();
}

BENCHMARK(posted_asio)->Name("overload/posted/asio")->Apply(one_and_two_workers)->Apply(once);

}  // namespace
}  // namespace bench::overload
