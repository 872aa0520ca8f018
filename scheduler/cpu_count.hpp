#pragma once
// How many CPUs this process may use: what the default number of workers is made from.

namespace weft::detail {

inline constexpr unsigned no_cpu_quota = ~0u;

// CPUs in the affinity mask of the calling thread; at least 1.
[[nodiscard]] unsigned affinity_cpus() noexcept;

// The CPU time that the process's control group and its ancestors allow, in CPUs, rounded up (version 2:
// cpu.max, version 1: cpu.cfs_quota_us). `root` stands before /proc and /sys: for tests.
[[nodiscard]] unsigned quota_cpus(char const* root = "") noexcept;

// The smaller of the two; at least 1.
[[nodiscard]] unsigned usable_cpus(char const* root = "") noexcept;

}  // namespace weft::detail
