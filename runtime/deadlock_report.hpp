#pragma once
// WEFT_DEBUG=1: a runtime in which nobody can go on is looked at, and circles of tasks that wait for each other are told on stderr.

namespace weft::detail {

class scheduler;

[[nodiscard]] bool reports_deadlocks() noexcept;  // as the environment said at the first call
// All its workers have slept for a while. Each circle is told of once. By the monitor.
void report_deadlocks(scheduler&) noexcept;

}  // namespace weft::detail
