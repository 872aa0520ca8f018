// wait: several tasks, until the first is done, the first fails, or all are; throws and cancels nothing.
// asyncio: wait with return_when.
#include <weft/future.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>
#include <weft/wait.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;

namespace {
template <class Fut>
void show(std::string_view mode, weft::wait_result<Fut> const& result) {
  std::cout << mode << ": " << result.done.size() << " done, " << result.pending.size() << " pending\n";
}
}  // namespace

int main() {
  weft::run([] {
    weft::promise<> to_second, to_third;  // who goes when
    std::vector<weft::task<int>> const tasks{
        weft::spawn([] { return 1; }),
        weft::spawn([go = to_second.get_future()]() -> int {
          go.get();
          throw std::runtime_error("the second fails");
        }),
        weft::spawn([go = to_third.get_future()] {
          go.get();
          return 3;
        })};

    show("first_completed", weft::wait(tasks, weft::return_when::first_completed));
    show("10 ms", weft::wait(tasks, weft::return_when::all_completed, 10ms));
    to_second.set_value();
    show("first_exception", weft::wait(tasks, weft::return_when::first_exception));
    to_third.set_value();
    auto const all = weft::wait(tasks);
    show("all_completed", all);

    for (auto const& task : all.done) {  // in the order given; errors are in the handles
      try {
        std::cout << task.result() << '\n';
      } catch (std::runtime_error const& error) {
        std::cout << error.what() << '\n';
      }
    }
  });
}
