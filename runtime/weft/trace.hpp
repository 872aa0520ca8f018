#pragma once
// Recording what tasks do, in the whole process: who runs where and when, who wakes whom, where tasks wait. See docs/tracing.md.
//
// With WEFT_TRACE=FILE in the environment recording is on from the first runtime on. FILE (%p in it: the process's number) is written when a runtime ends, and FILE.stall
// when a task that keeps its worker is reported (runtime_options::stall_threshold).
// None of these suspends; those that write keep their thread meanwhile. From any thread.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include <weft/deadline.hpp>

namespace weft::trace {

struct options {
  std::size_t records = std::size_t{1} << 16;  // kept of each thread, the newest; 32 bytes each, rounded up to a power of two
  bool waits = false;                          // write_waits(), too: each wait takes 0.2 to 0.4 us more
};

// The flight recorder: the last seconds are kept, 30 to 50 ns an event. record(options) forgets what there was and begins anew; off keeps it
// to be looked at. While start() is under way, or an inspect_socket wants it, recording goes on. std::bad_alloc; std::invalid_argument: no records.
void record(bool on);
void record(options);

// A recording that ends in a file, Chrome's trace events in JSON, which ui.perfetto.dev opens. What was recorded before is forgotten.
// std::system_error at once if the file cannot be written, also from stop(). Started twice, stopped without: invalid_state_error.
void start(std::filesystem::path, options = {.records = std::size_t{1} << 18});
void stop();

// What is recorded now, in the same form. Recording goes on meanwhile.
void write(std::ostream&);

// Where tasks have waited since recording began, and for how many microseconds: "outermost;...;innermost us" lines, as flame graphs are
// made of. Those that wait now count. Functions have names if the program is linked with -rdynamic, and callers that keep frame pointers are seen.
void write_waits(std::ostream&);

struct task_load {
  std::string name;              // of all tasks of that name; for those without one "file.cpp:12", where they were spawned
  std::uint64_t slices = 0;      // how often one was started or resumed
  clock::duration busy{};        // running, children that were inlined apart
  clock::duration delay{};       // from being spawned or woken, or a yield, to running
};

// Of the last so much time, the busiest first. What is missing of it (recording began later, or records were overwritten) is taken to
// have been like the rest.
[[nodiscard]] std::vector<task_load> loads(clock::duration last);

}  // namespace weft::trace
