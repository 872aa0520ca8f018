// with_timeout on weft; `bare` rows are the same without it.
#include <weft/task.hpp>
#include <weft/timeout.hpp>

#include "bench/support/on_weft.hpp"
#include "bench/timeout/config.hpp"

namespace bench::timeout {
namespace {

std::uint64_t once_suspended(std::uint64_t x) {
  weft::promise<std::uint64_t> p;
  auto f = p.get_future();
  weft::spawn([x, p = std::move(p)]() mutable { p.set_value(x); }).detach();
  return f.get();
}

void ready(State& state) {
  on_weft(state.range(0), [&] {
    weft::promise<std::uint64_t> p;
    p.set_value(0);
    auto const done = p.get_future();
    measure(state, [&done](std::uint64_t x) { return x + weft::with_timeout(limit, [&] { return done.get(); }); });
  });
}
void ready_bare(State& state) {
  on_weft(state.range(0), [&] {
    weft::promise<std::uint64_t> p;
    p.set_value(0);
    auto const done = p.get_future();
    measure(state, [&done](std::uint64_t x) { return x + done.get(); });
  });
}
void suspended(State& state) {
  on_weft(state.range(0), [&] {
    measure(state, [](std::uint64_t x) { return weft::with_timeout(limit, [x] { return once_suspended(x); }); });
  });
}
void suspended_bare(State& state) {
  on_weft(state.range(0), [&] { measure(state, [](std::uint64_t x) { return once_suspended(x); }); });
}

BENCHMARK(ready)->Name("timeout/ready/weft")->Apply(one_worker);
BENCHMARK(ready_bare)->Name("timeout/ready/weft_bare")->Apply(one_worker);
BENCHMARK(suspended)->Name("timeout/suspends_once/weft")->Apply(one_worker);
BENCHMARK(suspended_bare)->Name("timeout/suspends_once/weft_bare")->Apply(one_worker);

}  // namespace
}  // namespace bench::timeout
