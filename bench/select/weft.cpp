// select on weft; `receive`: the same with one channel and no select.
#include <weft/channel.hpp>
#include <weft/select.hpp>
#include <weft/task.hpp>

#include "bench/select/config.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::select {
namespace {

using numbers = weft::channel<std::uint64_t>;

class four_channels {
 public:
  explicit four_channels(std::size_t capacity) : c_{numbers(capacity), numbers(capacity), numbers(capacity), numbers(capacity)} {}
  void send(std::size_t k, std::uint64_t n) { c_[k].send(n); }
  std::uint64_t receive_any() {
    std::uint64_t n = 0;
    auto const got = [&n](std::optional<std::uint64_t> v) { n = *v; };
    (void)weft::select(weft::on_receive(c_[0], got), weft::on_receive(c_[1], got), weft::on_receive(c_[2], got),
                       weft::on_receive(c_[3], got));
    return n;
  }

 private:
  std::array<numbers, 4> c_;
};

class one_channel {
 public:
  explicit one_channel(std::size_t capacity) : c_(capacity) {}
  void send(std::size_t, std::uint64_t n) { c_.send(n); }
  std::uint64_t receive_any() { return *c_.receive(); }

 private:
  numbers c_;
};

template <class Channels, std::size_t Capacity>
void one_of_four(State& state) {
  on_weft(state.range(0), [&] {
    measure<Channels>(state, Capacity, [](auto f, auto g) {
      auto other = weft::fork(f);
      g();
      other.get();
    });
  });
}

BENCHMARK(one_of_four<four_channels, 0>)->Name("select/one_of_four/weft")->Apply(one_and_two_workers);
BENCHMARK(one_of_four<four_channels, 64>)->Name("select/one_of_four_buffered/weft")->Apply(one_and_two_workers);
BENCHMARK(one_of_four<one_channel, 0>)->Name("select/receive/weft")->Apply(one_and_two_workers);
BENCHMARK(one_of_four<one_channel, 64>)->Name("select/receive_buffered/weft")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::select
