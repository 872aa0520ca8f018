// Channels on Boost.Fiber. The smallest buffer it has is 2, and holds one.
#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/unbuffered_channel.hpp>

#include "bench/channel/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::channel {
namespace {

struct unbuffered {
  boost::fibers::unbuffered_channel<std::uint64_t> channel;
  void send(std::uint64_t n) { channel.push(n); }
  std::uint64_t receive() { return channel.value_pop(); }
};

struct buffered {
  boost::fibers::buffered_channel<std::uint64_t> channel{2};
  void send(std::uint64_t n) { channel.push(n); }
  std::uint64_t receive() { return channel.value_pop(); }
};

template <class Channel>
void ping_pong(State& state) {
  on_boost_fibers(state.range(0), [&] {
    measure<Channel>(state, [](auto f, auto g) {
      boost::fibers::fiber other{std::allocator_arg, boost_stack(), f};
      g();
      other.join();
    });
  });
}

BENCHMARK(ping_pong<unbuffered>)->Name("channel/ping_pong/boost_fiber")->Apply(one_and_two_workers);
BENCHMARK(ping_pong<buffered>)->Name("channel/ping_pong_buffered/boost_fiber")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::channel
