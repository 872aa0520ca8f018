// shield: stop waiting without stopping the work; shield_scope: finish this bit before being cancelled.
// asyncio: wait_for(shield(task), timeout).
#include <weft/cancel.hpp>
#include <weft/future.hpp>
#include <weft/runtime.hpp>
#include <weft/task.hpp>
#include <weft/timeout.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>

using namespace std::chrono_literals;

int main() {
  weft::run([] {
    // wait_for(shield(task), ...): the time is up for the caller, the task goes on and can be awaited later.
    weft::promise<std::string> disk;
    auto saving = weft::spawn([file = disk.get_future()] { return "saved to " + file.get(); });
    try {
      weft::with_timeout(10ms, weft::shield(saving));
    } catch (weft::timeout_error const&) {
      std::cout << "not yet\n";
    }
    std::cout << "still at it: " << std::boolalpha << !saving.done() << '\n';
    disk.set_value("a.txt");
    std::cout << saving.get() << '\n';

    // The guard puts a cancellation off to the first wait after its scope.
    weft::promise<> begun, reply;
    auto const has_begun = begun.get_future();
    auto transfer = weft::spawn([begun = std::move(begun), confirmed = reply.get_future()]() mutable {
      {
        weft::shield_scope const both_or_none;
        begun.set_value();
        confirmed.get();
        std::cout << "booked on both accounts\n";
      }
      weft::this_task::checkpoint();
      std::cout << "never printed\n";
    });
    has_begun.get();
    transfer.cancel();
    reply.set_value();
    transfer.wait();
    std::cout << "and only then cancelled: " << transfer.cancelled() << '\n';
  });
}
