#pragma once
// Requests come 1.2 times as fast as they can be served, open loop, for half a second. The queue cannot but grow; who is
// served, and after what time?
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

#include "bench/support/burn.hpp"
#include "bench/support/samples.hpp"

namespace bench::overload {

using namespace std::chrono_literals;

inline constexpr auto length = 500ms;
inline constexpr auto service = 50us;
inline constexpr double excess = 1.2;

class traffic {
 public:
  explicit traffic(std::int64_t workers)
      : requests_(static_cast<std::size_t>(excess * static_cast<double>(workers) * (length / service))), begin_(clock::now()) {}

  // Comes as due, whatever has become of those before: what was due while the caller slept comes at once. sleep_until(t) is
  // the caller's sleep, serve(i) has to bring about a call of handle(i) soon.
  template <class SleepUntil, class Serve> void arrive(SleepUntil sleep_until, Serve serve) {
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      if (clock::now() < due(i)) sleep_until(std::max(due(i), clock::now() + 1ms));
      serve(i);
    }
  }

  // A request. Those whose turn comes after the end only count.
  void handle(std::size_t i) {
    if (clock::now() < begin_ + length) {
      requests_[i].place = served_.fetch_add(1, std::memory_order_relaxed);
      burn(service);
      requests_[i].ended = clock::now();
    }
    handled_.fetch_add(1, std::memory_order_release);
  }

  // Until every request has had its turn. False: one has not, ten seconds later.
  bool all_handled() const {
    auto const give_up = clock::now() + 10s;
    while (handled_.load(std::memory_order_acquire) != requests_.size() && clock::now() < give_up)
      std::this_thread::sleep_for(1ms);
    return handled_.load(std::memory_order_acquire) == requests_.size();
  }

  // Latency from when it was due. Oldest: the age, at the end, of the oldest that was not served; who serves the oldest first
  // has it at p99, who serves the newest first at the whole length. Displaced: how far from its place in the order of arrival.
  bool report(State& state) const {
    samples latency{requests_.size()}, displaced{requests_.size()};
    clock::duration oldest{};
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      auto const& r = requests_[i];
      if (r.ended == clock::time_point{}) {
        oldest = std::max(oldest, begin_ + length - due(i));
        continue;
      }
      latency.add(r.ended - due(i));
      displaced.add(std::abs(static_cast<double>(r.place) - static_cast<double>(i)));
    }
    auto const served = served_.load();
    if (served == 0 || served != latency.size()) return false;
    latency.report(state);
    state.counters["oldest_us"] = std::chrono::duration<double, std::micro>(oldest).count();
    state.counters["displaced_p99"] = displaced.percentile(99);
    state.counters["served_percent"] = 100.0 * static_cast<double>(served) / static_cast<double>(requests_.size());
    return true;
  }

 private:
  struct request {
    std::size_t place = 0;       // in the order of serving
    clock::time_point ended{};   // none: not served
  };

  clock::time_point due(std::size_t i) const {
    return begin_ + static_cast<std::int64_t>(i) * std::chrono::nanoseconds{length} / static_cast<std::int64_t>(requests_.size());
  }

  std::vector<request> requests_;
  std::atomic<std::size_t> served_{0}, handled_{0};
  clock::time_point begin_;
};

// run(traffic) has all requests arrive; they may still be under way when it returns.
template <class Run> void measure(State& state, Run run) {
  for (auto _ : state) {
    traffic all{state.range(0)};
    run(all);
    if (!verify(state, all.all_handled() && all.report(state))) break;
  }
}

// The same where requests come from this thread, a plain one: post(f) has a worker run f.
template <class Post> void measure_posted(State& state, Post post) {
  measure(state, [&](traffic& all) {
    all.arrive([](auto t) { std::this_thread::sleep_until(t); }, [&](std::size_t i) { post([&all, i] { all.handle(i); }); });
  });
}

}  // namespace bench::overload
