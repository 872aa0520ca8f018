#pragma once
// The debug report of deadlocks: when a runtime comes to rest, circles of tasks that wait for each other are told on stderr.

namespace weft::detail {

class scheduler;

// All its workers have slept for a while. Each circle is told of once. By the monitor.
void report_deadlocks(scheduler&) noexcept;

}  // namespace weft::detail
