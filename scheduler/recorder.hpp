#pragma once
// recorder: what has happened lately in this process, in records of 32 bytes, the newest of each thread. It can stay on: a record
// takes no lock, 3 ns, and what a read of the CPU's counter takes (24 ns where it was measured). Off, whoever has something to record pays for one branch.
//
// Each time it is turned on it begins anew. A thread gets its ring with its first record; the ring of a thread that has ended is kept,
// with what is in it, while there are not too many of those.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/record_ring.hpp"

namespace weft::detail {

// Tasks are numbers here; 0: none. In a record's `what`: this in the low byte, the detail above it.
enum class happened : std::uint8_t {
  spawned,   // task, by other; detail: where, a std::source_location
  named,     // task; other and detail: a part of its name, see record_name()
  begins,    // task, on the stack of other if it is inlined
  ends,      // task, and other goes on; detail: a job_state
  switched,  // task goes on, other does not; detail: see recording.hpp
  woken,     // task; detail: by whom, see recording.hpp
  queues     // of a worker: task is the number of unstarted tasks, other that of ready fibers
};
inline constexpr unsigned detail_shift = 8;

// Which recording is under way: the first is 1; 0: none.
alignas(64) inline constinit std::atomic<std::uint32_t> recording_number{0};
[[nodiscard]] inline bool recording() noexcept { return recording_number.load(std::memory_order_relaxed) != 0; }

// By the thread in which it happens, now. Without memory for its ring there is no record.
void record(happened, std::uint64_t task, std::uint64_t other = 0, std::uint64_t detail = 0) noexcept;
// In so many records as it takes, the name cut off where it is very long.
void record_name(std::uint64_t task, std::string_view name) noexcept;

// Any thread. What there was is forgotten; so many records are kept of each thread (a power of two).
void begin_recording(std::size_t records);  // std::bad_alloc
void end_recording() noexcept;

// One thread's records, oldest first. Times are ns of the steady clock, here and in the records.
struct recorded_thread {
  std::string label;                  // "weft/0" of a worker, else the thread's name
  bool is_worker = false;
  std::vector<trace_record> records = {};
  std::uint64_t overwritten = 0;      // so many came before them
  std::int64_t begin = 0;             // since when nothing is missing
};
struct recorded {
  std::vector<recorded_thread> threads;  // workers first
  std::int64_t begin = 0, end = 0;       // of the recording; now, if it is under way
};

// Any thread, while others record. std::bad_alloc.
[[nodiscard]] recorded read_records();

// The parts of a name, as record_name() cuts it: 14 bytes each.
struct name_part {
  std::uint64_t other = 0, detail = 0;
  static constexpr std::size_t size = 14, most = 16;

  name_part(std::string_view name, std::size_t index) noexcept;
  explicit name_part(trace_record const& r) noexcept : other(r.other), detail(r.what >> detail_shift) {}
  [[nodiscard]] std::size_t index() const noexcept { return detail & 0xff; }
  [[nodiscard]] std::string text() const;  // without what fills it up
};

}  // namespace weft::detail
