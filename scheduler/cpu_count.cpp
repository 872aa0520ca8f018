// CPU count: affinity mask and control group quota. What cannot be read does not limit. Only the mask is
// allocated.
#include "scheduler/cpu_count.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "scheduler/small_file.hpp"

namespace weft::detail {

namespace {

using text = std::array<char, 16384>;

struct path {
  std::array<char, PATH_MAX> bytes;
};

// A number at the front of `s`, which is moved behind it. False: there is none ("max", "-1"), or it is too
// big to limit.
[[nodiscard]] bool take_number(std::string_view& s, unsigned long long& value) noexcept {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  std::size_t digits = 0;
  value = 0;
  for (; digits < s.size() && s[digits] >= '0' && s[digits] <= '9'; ++digits) {
    if (digits == 15) return false;
    value = value * 10 + static_cast<unsigned>(s[digits] - '0');
  }
  s.remove_prefix(digits);
  return digits > 0;
}

[[nodiscard]] unsigned cpus(unsigned long long quota, unsigned long long period) noexcept {
  if (period == 0) return no_cpu_quota;
  auto const n = quota / period + (quota % period != 0 ? 1 : 0);
  return static_cast<unsigned>(std::clamp<unsigned long long>(n, 1, no_cpu_quota));
}

[[nodiscard]] std::string_view read_in(std::string_view directory, char const* file, text& into) noexcept {
  path name;
  int const n = std::snprintf(name.bytes.data(), name.bytes.size(), "%.*s/%s",
                              static_cast<int>(directory.size()), directory.data(), file);
  if (n < 0 || static_cast<std::size_t>(n) >= name.bytes.size()) return {};
  return read_small_file(name.bytes.data(), into);
}

[[nodiscard]] unsigned quota_v2(std::string_view directory) noexcept {
  text content;
  auto rest = read_in(directory, "cpu.max", content);
  unsigned long long quota = 0;
  unsigned long long period = 0;
  if (!take_number(rest, quota)) return no_cpu_quota;
  if (!take_number(rest, period)) period = 100000;  // the kernel's default
  return cpus(quota, period);
}

[[nodiscard]] unsigned quota_v1(std::string_view directory) noexcept {
  text content;
  unsigned long long quota = 0;
  unsigned long long period = 0;
  auto rest = read_in(directory, "cpu.cfs_quota_us", content);
  if (!take_number(rest, quota)) return no_cpu_quota;
  rest = read_in(directory, "cpu.cfs_period_us", content);
  if (!take_number(rest, period)) return no_cpu_quota;
  return cpus(quota, period);
}

// The least quota of the group `below` the mount and of its ancestors, the mount's own included. Groups that
// are not there (a container sees its own group as the mount, but may be told the host's path) do not limit.
[[nodiscard]] unsigned least_quota(char const* root, char const* mount, std::string_view below,
                                   unsigned (*quota)(std::string_view) noexcept) noexcept {
  while (!below.empty() && below.back() == '/') below.remove_suffix(1);
  path name;
  int const base = std::snprintf(name.bytes.data(), name.bytes.size(), "%s%s", root, mount);
  int const n = std::snprintf(name.bytes.data(), name.bytes.size(), "%s%s%.*s", root, mount,
                              static_cast<int>(below.size()), below.data());
  if (base < 0 || n < 0 || static_cast<std::size_t>(n) >= name.bytes.size()) return no_cpu_quota;
  std::string_view directory(name.bytes.data(), static_cast<std::size_t>(n));
  unsigned least = no_cpu_quota;
  for (;;) {
    least = std::min(least, quota(directory));
    if (directory.size() <= static_cast<std::size_t>(base)) return least;
    directory = directory.substr(0, std::max(directory.rfind('/'), static_cast<std::size_t>(base)));
  }
}

[[nodiscard]] bool names_cpu(std::string_view controllers) noexcept {
  while (!controllers.empty()) {
    auto const comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "cpu") return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

// One line of /proc/self/cgroup: "hierarchy:controllers:path"; version 2 is hierarchy 0 without controllers.
[[nodiscard]] unsigned quota_of_line(char const* root, std::string_view line) noexcept {
  auto const first = line.find(':');
  if (first == std::string_view::npos) return no_cpu_quota;
  auto const second = line.find(':', first + 1);
  if (second == std::string_view::npos) return no_cpu_quota;
  auto const controllers = line.substr(first + 1, second - first - 1);
  auto const below = line.substr(second + 1);
  if (line.substr(0, first) == "0" && controllers.empty()) {
    return std::min(least_quota(root, "/sys/fs/cgroup", below, quota_v2),
                    least_quota(root, "/sys/fs/cgroup/unified", below, quota_v2));  // beside version 1
  }
  if (!names_cpu(controllers)) return no_cpu_quota;
  return std::min(least_quota(root, "/sys/fs/cgroup/cpu", below, quota_v1),
                  least_quota(root, "/sys/fs/cgroup/cpu,cpuacct", below, quota_v1));
}

}  // namespace

unsigned affinity_cpus() noexcept {
  for (std::size_t n = CPU_SETSIZE; n <= std::size_t{1} << 20; n *= 2) {
    cpu_set_t* const set = CPU_ALLOC(n);
    if (set == nullptr) break;
    std::size_t const bytes = CPU_ALLOC_SIZE(n);
    bool const ok = ::sched_getaffinity(0, bytes, set) == 0;
    bool const too_small = !ok && errno == EINVAL;
    int const count = ok ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (ok) return static_cast<unsigned>(std::max(count, 1));
    if (!too_small) break;
  }
  return std::max(std::thread::hardware_concurrency(), 1u);
}

unsigned quota_cpus(char const* root) noexcept {
  text groups;
  unsigned least = no_cpu_quota;
  for (auto rest = read_in(root, "proc/self/cgroup", groups); !rest.empty();) {
    auto const end = std::min(rest.find('\n'), rest.size());
    least = std::min(least, quota_of_line(root, rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return least;
}

unsigned usable_cpus(char const* root) noexcept { return std::min(affinity_cpus(), quota_cpus(root)); }

}  // namespace weft::detail
