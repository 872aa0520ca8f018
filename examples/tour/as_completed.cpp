// as_completed: take each result as it comes; gather: all of them; race: the first is enough.
// asyncio: as_completed, gather. In a simulation time is virtual: seconds cost nothing.
#include <weft/gather.hpp>
#include <weft/simulation.hpp>
#include <weft/task.hpp>
#include <weft/wait.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {
std::string fetch(std::string const& page, std::chrono::seconds takes) {
  weft::this_task::sleep_for(takes);
  return page;
}
}  // namespace

int main() {
  weft::simulation world{1};  // the same seed, the same run; with weft::run the seconds would be real
  world.run([] {
    std::vector<weft::task<std::string>> const tasks{
        weft::spawn([] { return fetch("long story", 3s); }),
        weft::spawn([] { return fetch("headline", 1s); }),
        weft::spawn([] { return fetch("report", 2s); })};
    for (auto const& task : weft::as_completed(tasks)) {
      std::cout << "as completed: " << task.get() << '\n';
    }

    auto const [one, two] = weft::gather([] { return fetch("one", 2s); }, [] { return fetch("two", 1s); });
    std::cout << "gather keeps the order: " << one << ", " << two << '\n';

    auto const fastest = weft::race([] { return fetch("far mirror", 9s); },
                                    [] { return fetch("near mirror", 1s); });
    std::cout << "race: " << fastest << '\n';

    // Another try each 300 ms, as long as none has answered.
    auto const began = weft::clock::now();
    std::vector<std::function<std::string()>> const tries{[] { return fetch("server that hangs", 60s); },
                                                          [] { return fetch("its neighbour", 1s); }};
    auto const answer = weft::race_staggered(tries, 300ms);
    auto const took = std::chrono::duration_cast<std::chrono::milliseconds>(weft::clock::now() - began);
    std::cout << "race_staggered: " << answer << " after " << took.count() << " ms\n";
  });
}
