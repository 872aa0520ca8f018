// Channels on weft.
#include <weft/channel.hpp>
#include <weft/task.hpp>

#include "bench/channel/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::channel {
namespace {

template <std::size_t Capacity>
class numbers {
 public:
  void send(std::uint64_t n) { channel_.send(n); }
  std::uint64_t receive() { return *channel_.receive(); }

 private:
  weft::channel<std::uint64_t> channel_{Capacity};
};

template <std::size_t Capacity>
void ping_pong(State& state) {
  on_weft(state.range(0), [&] {
    measure<numbers<Capacity>>(state, [](auto f, auto g) {
      auto other = weft::fork(f);
      g();
      other.get();
    });
  });
}

BENCHMARK(ping_pong<0>)->Name("channel/ping_pong/weft")->Apply(one_and_two_workers);
BENCHMARK(ping_pong<1>)->Name("channel/ping_pong_buffered/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::channel
