// Prints the metrics of two runtimes that have done something, one of them with a name that has to be escaped.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/weft.hpp>

namespace {

void work() {
  weft::with_group([](weft::task_group& g) {
    for (int i = 0; i != 1000; ++i) g.spawn([] { weft::this_task::yield(); });
  });
  auto fails = weft::spawn([] { throw std::runtime_error("as it should"); });
  fails.wait();
  (void)fails.exception();
  auto waits = weft::spawn([] { weft::this_task::sleep_for(weft::never); });
  waits.cancel();
  waits.wait();
  (void)weft::run_blocking([] { return 1; }).get();
}

}  // namespace

int main() {
  weft::runtime one, two({.name = "a \"name\" with a \\ and\na second line", .workers = 1});
  one.run(&work);
  two.run(&work);
  std::vector<weft::runtime_metrics> const both{one.metrics(), two.metrics()};
  std::fputs(weft::to_prometheus(both).c_str(), stdout);
}
