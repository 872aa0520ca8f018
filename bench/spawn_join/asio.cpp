// spawn + join on Boost.Asio. Its tasks cannot wait for each other, so the thread that posts to the thread_pool is one more, and
// sleeps until they are done. With an io_context the thread that posts also runs them, between its posts: nobody has to wake up.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <semaphore>

#include "bench/spawn_join/config.hpp"

namespace bench::spawn_join {
namespace {

using boost::asio::post;

void one_pool(State& state) {
  std::binary_semaphore done{0};  // outlives the pool's threads
  boost::asio::thread_pool pool{static_cast<std::size_t>(state.range(0))};
  measure_one(state, [&](std::uint32_t stamp) {
    post(pool, [&done, stamp] {
      slots[0] = stamp;
      done.release();
    });
    done.acquire();
  });
}

void many_pool(State& state) {
  std::atomic<std::size_t> left{0};
  std::binary_semaphore done{0};
  boost::asio::thread_pool pool{static_cast<std::size_t>(state.range(0))};
  measure_many(state, [&](std::uint32_t stamp) {
    left = many;
    for (std::size_t i = 0; i < many; ++i) {
      post(pool, [&, i, stamp] {
        slots[i] = stamp;
        if (--left == 0) done.release();
      });
    }
    done.acquire();
  });
}

void one_context(State& state) {
  boost::asio::io_context context{1};
  measure_one(state, [&context](std::uint32_t stamp) {
    post(context, [stamp] { slots[0] = stamp; });
    context.restart();
    context.run();
  });
}

void many_context(State& state) {
  boost::asio::io_context context{1};
  measure_many(state, [&context](std::uint32_t stamp) {
    for (std::size_t i = 0; i < many; ++i) post(context, [i, stamp] { slots[i] = stamp; });
    context.restart();
    context.run();
  });
}

BENCHMARK(one_pool)->Name("spawn_join/one/asio")->Apply(one_and_two_workers);
BENCHMARK(many_pool)->Name("spawn_join/thousand/asio")->Apply(one_and_two_workers);
BENCHMARK(one_context)->Name("spawn_join/one/asio_context")->Apply(one_worker);
BENCHMARK(many_context)->Name("spawn_join/thousand/asio_context")->Apply(one_worker);

}  // namespace
}  // namespace bench::spawn_join
