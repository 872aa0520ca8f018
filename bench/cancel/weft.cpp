// Cancelling weft's waits of every kind: by another task, and by a plain thread while the workers sleep.
#include <weft/barrier.hpp>
#include <weft/channel.hpp>
#include <weft/condition_variable.hpp>
#include <weft/event.hpp>
#include <weft/latch.hpp>
#include <weft/mutex.hpp>
#include <weft/queue.hpp>
#include <weft/select.hpp>
#include <weft/semaphore.hpp>
#include <weft/shared_mutex.hpp>

#include <chrono>
#include <mutex>

#include "bench/cancel/config.hpp"
#include "bench/support/asleep.hpp"
#include "bench/support/on_weft.hpp"

namespace bench::cancel {
namespace {

// Each kind: what is waited for, and the wait. Nobody ever grants it.
struct future_wait {
  weft::promise<> never;
  void wait() { never.get_future().wait(); }
};
struct join {  // the request goes on to the task that is joined, and that one's end is waited for
  weft::event never;
  void wait() {
    weft::fork([this] { never.wait(); }).get();
  }
};
struct sleep {
  void wait() { weft::this_task::sleep_for(std::chrono::hours{1}); }
};
struct event {
  weft::event never;
  void wait() { never.wait(); }
};
struct semaphore {
  weft::semaphore none{0};
  void wait() { none.acquire(); }
};
struct mutex {
  weft::mutex locked;
  mutex() { (void)locked.try_lock(); }
  ~mutex() { locked.unlock(); }
  void wait() { locked.lock(); }
};
struct shared_mutex {
  weft::shared_mutex locked;
  shared_mutex() { (void)locked.try_lock(); }
  ~shared_mutex() { locked.unlock(); }
  void wait() { locked.lock_shared(); }
};
struct condition {
  weft::mutex m;
  weft::condition_variable never;
  void wait() {
    std::unique_lock lock{m};
    never.wait(lock);
  }
};
struct latch {
  weft::latch closed{1};
  void wait() { closed.wait(); }
};
struct barrier {
  weft::barrier of_two{2};
  void wait() { of_two.arrive_and_wait(); }
};
struct queue_get {
  weft::queue<int> empty;
  void wait() { (void)empty.get(); }
};
struct queue_put {
  weft::queue<int> full{1};
  queue_put() { (void)full.try_put(1); }
  void wait() { full.put(2); }
};
struct channel_receive {
  weft::channel<int> quiet;
  void wait() { (void)quiet.receive(); }
};
struct channel_send {
  weft::channel<int> quiet;
  void wait() { quiet.send(1); }
};
struct select {
  weft::channel<int> quiet;
  weft::event never;
  void wait() {
    weft::select(weft::on_receive(quiet, [](auto&&) {}), weft::on_set(never, [] {}));
  }
};

// settled() returns when the waiter is to be cancelled: false if it does not come to that.
template <class Kind, class Spawn, class Settled> clock::duration one(Spawn spawn, Settled settled) {
  Kind waited_for;
  weft::task<> const waiter = spawn([&] { waited_for.wait(); });
  while (waiter.state() != weft::task_state::suspended && !waiter.done()) weft::this_task::yield();
  bool const waits = settled() && !waiter.done();
  auto const begin = clock::now();
  waiter.cancel();
  waiter.wait();
  auto const time = clock::now() - begin;
  return waits && waiter.cancelled() ? time : clock::duration{-1};
}

template <class Kind> void by_task(State& state) {
  on_weft(state.range(0), [&] {
    measure(state, [] { return one<Kind>([](auto f) { return weft::spawn(f); }, [] { return true; }); });
  });
}
template <class Kind> void by_thread(State& state) {
  weft::runtime runtime{with_workers(state.range(0))};
  measure(state, [&] { return one<Kind>([&](auto f) { return runtime.spawn(f); }, others_sleep); });
}

template <class Kind> int rows(std::string const& kind) {
  auto const add = [&](char const* library, void (*f)(State&)) {
    benchmark::RegisterBenchmark(("cancel/" + kind + "/" + library).c_str(), f)->Apply(one_and_two_workers)->Apply(once);
  };
  add("weft", by_task<Kind>);
  add("weft_by_thread", by_thread<Kind>);
  return 0;
}

[[maybe_unused]] int const all_rows =
    rows<future_wait>("future") + rows<join>("join") + rows<sleep>("sleep") + rows<event>("event") +
    rows<semaphore>("semaphore") + rows<mutex>("mutex") + rows<shared_mutex>("shared_mutex") + rows<condition>("condition") +
    rows<latch>("latch") + rows<barrier>("barrier") + rows<queue_get>("queue_get") + rows<queue_put>("queue_put") +
    rows<channel_receive>("channel_receive") + rows<channel_send>("channel_send") + rows<select>("select");

}  // namespace
}  // namespace bench::cancel
