// Locks: a mutex that suspends the task, not its thread; a condition; a barrier; readers and writers.
// asyncio: Lock, Condition, Barrier.
#include <weft/barrier.hpp>
#include <weft/condition_variable.hpp>
#include <weft/mutex.hpp>
#include <weft/runtime.hpp>
#include <weft/shared_mutex.hpp>
#include <weft/task.hpp>
#include <weft/task_group.hpp>

#include <array>
#include <iostream>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>

int main() {
  weft::run([] {
    // A mutex may be held while the task waits. It goes with std's guards.
    weft::mutex account;
    int balance = 1000;
    weft::with_group([&](weft::task_group& group) {
      for (int i = 0; i != 100; ++i) {
        group.spawn([&] {
          std::lock_guard held(account);
          int const before = balance;
          weft::this_task::yield();  // others run, and wait for the account
          balance = before - 10;
        });
      }
    });
    std::cout << "left in the account: " << balance << '\n';

    // A condition: wait until something that the lock protects has become true.
    weft::condition_variable changed;
    bool paid = false;
    auto shipping = weft::fork([&] {
      std::unique_lock held(account);
      changed.wait(held, [&] { return paid; });
      std::cout << "paid, so it is shipped\n";
    });
    {
      std::lock_guard held(account);
      paid = true;
    }
    changed.notify_one();
    shipping.get();

    // Many read at once, one writes.
    weft::shared_mutex catalogue;
    std::map<std::string, int> prices{{"loom", 700}};
    weft::with_group([&](weft::task_group& group) {
      group.spawn([&] {
        std::unique_lock writing(catalogue);
        prices["shuttle"] = 12;
      });
      for (int i = 0; i != 3; ++i) {
        group.spawn([&] {
          std::shared_lock reading(catalogue);
          (void)prices.find("loom");
        });
      }
    });
    std::cout << "in the catalogue: " << prices.size() << '\n';

    // A barrier: rounds that all of them finish before any begins the next.
    constexpr int weavers = 4, rounds = 3;
    weft::barrier row_done(weavers);
    std::array<int, rounds> rows{};
    std::mutex counting;  // nothing inside waits, so a plain one will do
    bool in_step = true;
    weft::with_group([&](weft::task_group& group) {
      for (int i = 0; i != weavers; ++i) {
        group.spawn([&] {
          for (std::size_t round = 0; round != rounds; ++round) {
            {
              std::lock_guard held(counting);
              ++rows[round];
              in_step = in_step && (round == 0 || rows[round - 1] == weavers);
            }
            row_done.arrive_and_wait();
          }
        });
      }
    });
    std::cout << (in_step ? "the weavers kept step\n" : "out of step!\n");
  });
}
