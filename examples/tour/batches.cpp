// Many jobs, a few at a time: each holds a permit of a semaphore while it runs.
// asyncio: async with Semaphore. In a simulation, so that seconds cost nothing.
#include <weft/gather.hpp>
#include <weft/semaphore.hpp>
#include <weft/simulation.hpp>
#include <weft/task.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <vector>

using namespace std::chrono_literals;

int main() {
  weft::simulation world{1};
  world.run([] {
    weft::semaphore at_once(3);
    int running = 0, most = 0;  // a simulation has one thread; elsewhere these had to be atomic
    auto const began = weft::clock::now();

    std::vector<std::function<int()>> jobs;
    for (int i = 0; i != 10; ++i) {
      jobs.push_back([&, i] {
        weft::permit const turn{at_once};  // first come, first served; given back at the end of the scope
        most = std::max(most, ++running);
        weft::this_task::sleep_for(1s);
        --running;
        return i * i;
      });
    }
    int sum = 0;
    for (int square : weft::gather(jobs)) sum += square;  // waits for all, so they may refer to this scope
    std::cout << "sum of the results: " << sum << '\n';

    auto const took = std::chrono::duration_cast<std::chrono::seconds>(weft::clock::now() - began);
    std::cout << "10 jobs of 1 s, at most " << most << " at once: " << took.count() << " s\n";
  });
}
