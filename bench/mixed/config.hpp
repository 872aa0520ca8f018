#pragma once
// Cheap requests beside costly ones: an open loop over 200 connections; one request in a hundred, at random, takes 20 ms of CPU, or blocks
// its thread for as long, or does so while it holds a mutex that all of its kind want. What counts is how long the other 99 take, from when
// they were due. The server is a process of its own, with two threads; it is told nothing about which requests are costly.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "bench/support/burn.hpp"
#include "bench/support/harness.hpp"
#include "bench/support/server_process.hpp"

namespace bench::mixed {

using namespace std::chrono_literals;

inline constexpr std::size_t connections = 200, message = 64;
inline constexpr int one_in = 100, threads = 2;
inline constexpr std::chrono::milliseconds cost = 20ms, length = 2500ms, warm_up = 500ms;

enum class kind : char { cheap, burns, blocks, locks };
// Of a request: the first byte says which kind it is; the answer is the same bytes.
using request = std::array<char, message>;

inline void handle(char first) {
  if (kind(first) == kind::burns) burn_cpu(cost);
  if (kind(first) == kind::blocks) std::this_thread::sleep_for(cost);
  if (kind(first) == kind::locks) {
    static std::mutex mutex;
    std::scoped_lock const lock(mutex);
    std::this_thread::sleep_for(cost);
  }
}

// One row: state.range(0) requests a second, costly ones of that kind, at random by that seed. (client.cpp)
void measure(State&, std::string const& library, kind costly, unsigned seed);

inline void rates(benchmark::internal::Benchmark* row) {
  row->Apply(once);
  row->ArgName("rate")->Arg(500)->Arg(2000)->Arg(4000);
}

inline bool add(std::string const& library, server run) {
  servers().emplace(library, run);
  for (auto const& [name, what] : {std::pair{"burn", kind::burns}, std::pair{"block", kind::blocks}, std::pair{"lock", kind::locks}}) {
    benchmark::RegisterBenchmark(("mixed/" + std::string{name} + "/" + library).c_str(),
                                 [library, what, runs = std::map<std::int64_t, unsigned>()](State& state) mutable {
                                   measure(state, library, what, ++runs[state.range(0)]);  // each repetition another load, for all the same
                                 })
        ->Apply(rates);
  }
  return true;
}

}  // namespace bench::mixed
