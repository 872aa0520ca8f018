// Producers and consumers at a queue: producers wait where it is full; join() waits until all is done.
// asyncio: Queue, task_done, join.
#include <weft/errors.hpp>
#include <weft/queue.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>
#include <weft/task_group.hpp>

#include <atomic>
#include <iostream>
#include <vector>

int main() {
  weft::run([] {
    // The way of asyncio's tutorial: task_done() for each item, join(), then cancel the consumers.
    weft::queue<int> orders(4);  // at most 4 waiting
    std::atomic<int> sum = 0;
    std::vector<weft::scoped_task<>> consumers;
    for (int i = 0; i != 3; ++i) {
      consumers.push_back(weft::fork([&] {
        for (;;) {
          sum += orders.get();
          orders.task_done();
        }
      }));
    }
    for (int order = 1; order <= 100; ++order) orders.put(order);
    orders.join();
    std::cout << "all 100 orders are done: " << sum << '\n';
    for (auto& consumer : consumers) {
      consumer.cancel();
      consumer.wait();
    }
    std::cout << "consumers are cancelled\n";

    // The shorter way: the producer closes the queue, the consumers end when it is empty.
    weft::queue<int> letters;
    std::atomic<int> delivered = 0;
    weft::with_group([&](weft::task_group& group) {
      for (int i = 0; i != 3; ++i) {
        group.spawn([&] {
          try {
            for (;;) {
              (void)letters.get();
              ++delivered;
            }
          } catch (weft::closed_error const&) {  // closed, and nothing left
          }
        });
      }
      for (int letter = 0; letter != 50; ++letter) letters.put(letter);
      letters.close();
    });
    std::cout << "letters delivered: " << delivered << '\n';
  });
}
