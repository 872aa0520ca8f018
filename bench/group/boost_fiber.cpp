// Scopes of children on Boost.Fiber: futures, all of them asked, the first error kept.
#include <boost/fiber/all.hpp>

#include <vector>

#include "bench/group/config.hpp"
#include "bench/support/on_boost_fibers.hpp"

namespace bench::group {
namespace {

template <class Child> bool scope(std::uint32_t stamp, Child run_child) {
  std::vector<boost::fibers::future<void>> children;
  children.reserve(many);
  for (std::size_t i = 0; i < many; ++i) {
    children.push_back(boost::fibers::async(boost::fibers::launch::post, std::allocator_arg, boost_stack(),
                                            [=] { run_child(i, stamp); }));
  }
  bool failed = false;
  for (auto& f : children) {
    try {
      f.get();
    } catch (std::runtime_error const&) {
      failed = true;
    }
  }
  return failed;
}

void clean(State& state) {
  on_boost_fibers(state.range(0), [&] { measure(state, [](std::uint32_t stamp) { (void)scope(stamp, child); }); });
}

void failing(State& state) {
  on_boost_fibers(state.range(0), [&] { measure_failing(state, [](std::uint32_t stamp) { return scope(stamp, failing_child); }); });
}

BENCHMARK(clean)->Name("group/thousand/boost_fiber")->Apply(one_and_two_workers);
BENCHMARK(failing)->Name("group/with_failure/boost_fiber")->Apply(one_and_two_workers);

}  // namespace
}  // namespace bench::group
