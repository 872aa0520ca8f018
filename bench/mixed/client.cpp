// The load: requests at random times, whatever the server does, over connections of which each has one on its way at a time.
#include <sched.h>
#include <time.h>

#include <cmath>
#include <cstring>
#include <deque>
#include <random>
#include <vector>

#include "bench/mixed/config.hpp"
#include "bench/support/awake.hpp"
#include "bench/support/others.hpp"
#include "bench/support/samples.hpp"
#include "bench/support/sockets.hpp"

namespace bench::mixed {
namespace {

class load {
 public:
  load(std::uint16_t port, kind costly, unsigned seed) : costly_(costly), seed_(seed), epoll_(epoll_create1(EPOLL_CLOEXEC)), all_(connections) {
    for (std::size_t i = 0; i != all_.size(); ++i) {
      watch(epoll_, all_[i].fd = connect_to(port), i);
      free_.push_back(i);
    }
  }

  // False: a wrong answer, one that cannot have cost what it should, or none for seconds. The same requests at the same times each time.
  bool run(double rate, clock::duration time) {
    gaps_.seed(seed_);
    kinds_.seed(~seed_);
    std::exponential_distribution<double> gap(rate);
    auto const begin = clock::now(), end = begin + time;
    auto due = begin;
    while (due < end || !waiting_.empty() || free_.size() != all_.size()) {
      auto const now = clock::now();
      if (now > end + 5s) return false;
      for (; due <= now && due < end; due += std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(gap(gaps_)))) {
        waiting_.push_back(due);
        if (!send_waiting()) return false;
      }
      if (!receive(due < end ? due - now : 10ms)) return false;
    }
    return true;
  }

  samples cheap;
  std::size_t costly_done = 0;

 private:
  struct connection {
    owned_fd fd;
    clock::time_point due;
    request sent{}, got{};
    std::size_t size = 0;
  };

  bool send_waiting() {
    while (!waiting_.empty() && !free_.empty()) {
      auto& c = all_[free_.front()];
      free_.pop_front();
      c.due = waiting_.front();
      waiting_.pop_front();
      c.size = 0;
      c.sent = {static_cast<char>(kinds_() % one_in == 0 ? costly_ : kind::cheap)};
      std::memcpy(c.sent.data() + 8, &++number_, sizeof number_);
      if (send(c.fd, c.sent.data(), message, MSG_NOSIGNAL) != static_cast<ssize_t>(message)) return false;
    }
    return true;
  }

  bool receive(clock::duration at_most) {
    auto const ns = std::max(std::chrono::duration_cast<std::chrono::nanoseconds>(at_most).count(), std::int64_t{0});
    timespec const limit{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
    std::array<epoll_event, 64> events;
    int const n = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &limit, nullptr);
    for (int i = 0; i < n; ++i) {
      auto const which = events[static_cast<std::size_t>(i)].data.u64;
      auto& c = all_[which];
      auto const r = recv(c.fd, c.got.data() + c.size, message - c.size, 0);
      if (r <= 0) return false;
      if (c.size += static_cast<std::size_t>(r); c.size != message) continue;
      if (c.got != c.sent) return false;
      if (kind(c.got[0]) == kind::cheap) {
        cheap.add(clock::now() - c.due);
      } else {
        if (clock::now() - c.due < cost) return false;
        ++costly_done;
      }
      free_.push_back(which);
    }
    return send_waiting();
  }

  kind const costly_;
  unsigned const seed_;
  std::mt19937_64 gaps_, kinds_;  // apart: the n-th request is the same one whatever the server does
  owned_fd const epoll_;
  std::vector<connection> all_;
  std::deque<std::size_t> free_;
  std::deque<clock::time_point> waiting_;  // for a connection
  std::uint64_t number_ = 0;
};

// The load shall not wait for a CPU: where that is allowed.
class ahead_of_others {
 public:
  ahead_of_others() {
    sched_param const first{.sched_priority = 1};
    done_ = sched_setscheduler(0, SCHED_FIFO, &first) == 0;
  }
  ~ahead_of_others() {
    sched_param const usual{};
    if (done_) sched_setscheduler(0, SCHED_OTHER, &usual);
  }
  ahead_of_others(ahead_of_others const&) = delete;
  ahead_of_others& operator=(ahead_of_others const&) = delete;

 private:
  bool done_;
};

// A run during which others had more of the machine than this says more about them: again, and the calmest counts.
constexpr double disturbed = 1;
constexpr int most_tries = 3;

struct calm {
  double others;  // percent of all CPUs
  samples cheap;
  double server_cpu_us;
};

double own_cpu_us() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

}  // namespace

void measure(State& state, std::string const& library, kind costly, unsigned seed) {
  try {
    server_process const peer(library);
    awake const cpus;
    ahead_of_others const me;
    load l(peer.port, costly, seed);
    auto const rate = static_cast<double>(state.range(0));
    if (!verify(state, l.run(rate, warm_up))) return;
    for (auto _ : state) {
      calm best{0, samples(), 0};
      for (int tries = 0; tries != most_tries && (tries == 0 || best.others > disturbed); ++tries) {
        l.cheap = samples();
        l.costly_done = 0;
        others const beside;
        auto const server = peer.cpu_us(), client = own_cpu_us();
        if (!verify(state, l.run(rate, length))) return;
        auto const used = peer.cpu_us() - server;
        auto const taken = beside.percent((used + own_cpu_us() - client) / 1e6);
        if (tries == 0 || taken < best.others) best = {taken, l.cheap, used / static_cast<double>(l.cheap.size() + l.costly_done)};
      }
      best.cheap.report(state);
      state.counters["p999_us"] = best.cheap.percentile(99.9);
      state.counters["server_cpu_us"] = best.server_cpu_us;
      state.counters["others_percent"] = best.others;
    }
  } catch (std::exception const& e) {
    state.SkipWithError(e.what());
  }
}

}  // namespace bench::mixed
