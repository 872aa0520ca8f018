#pragma once
// Bytes of memory per task: not yet started, and suspended in a wait. Each row is a process of its own.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/support/child.hpp"
#include "bench/support/harness.hpp"
#include "bench/support/process.hpp"

namespace bench::memory {

// What a row does in its own process: makes `count` tasks, measures, ends them.
using measurement = figures (*)(std::size_t count);

inline std::map<std::string, measurement>& measurements() {
  static std::map<std::string, measurement> all;
  return all;
}

// Throws when what was measured is not what the row says.
inline void require(bool right) {
  if (!right) throw std::runtime_error("wrong result");
}

inline figures per_task(footprint const& before, footprint const& after, std::size_t count) {
  auto const n = static_cast<double>(count);
  return {{"rss_per_task", (after.resident - before.resident) / n},
          {"page_tables_per_task", (after.page_tables - before.page_tables) / n},
          {"mappings", mappings()}};
}

inline void measure(State& state, std::string const& name) {
  auto const count = static_cast<double>(state.range(0));
  for (auto _ : state) {
    if (proc_bytes("/proc/meminfo", "MemAvailable:") < count * 10'000) {
      state.SkipWithError("too little free memory");
      break;
    }
    try {
      for (auto const& [key, value] : run_child({"--child", name, std::to_string(state.range(0))})) {
        state.counters[key] = value;
      }
    } catch (std::exception const& failure) {
      state.SkipWithError(failure.what());
      break;
    }
  }
}

// Called by static initialisers: makes the row known to Google Benchmark here and to the child there.
inline bool add_row(std::string const& name, measurement how, std::vector<std::int64_t> const& counts) {
  measurements()[name] = how;
  auto* row =
      benchmark::RegisterBenchmark(("memory/" + name).c_str(), [name](State& s) { measure(s, name); });
  row->Apply(once);
  row->ArgName("count");
  for (auto count : counts) row->Arg(count);
  return true;
}

}  // namespace bench::memory
