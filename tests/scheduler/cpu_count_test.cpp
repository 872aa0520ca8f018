// CPU count: quotas read from a made-up file-system root, and the real machine.
#include "scheduler/cpu_count.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

using weft::detail::affinity_cpus;
using weft::detail::no_cpu_quota;
using weft::detail::quota_cpus;
using weft::detail::usable_cpus;

namespace {

class fake_root {
 public:
  fake_root() {
    std::string name = (std::filesystem::temp_directory_path() / "weft-root-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  fake_root(fake_root const&) = delete;
  fake_root& operator=(fake_root const&) = delete;
  ~fake_root() { std::filesystem::remove_all(path_); }

  fake_root& with(std::string const& file, std::string const& content) {
    auto const whole = path_ + file;
    std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
    std::ofstream(whole) << content;
    return *this;
  }
  [[nodiscard]] unsigned quota() const { return quota_cpus(path_.c_str()); }
  [[nodiscard]] unsigned usable() const { return usable_cpus(path_.c_str()); }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("nothing to read does not limit") {
  fake_root root;
  CHECK(root.quota() == no_cpu_quota);
  CHECK(root.usable() == affinity_cpus());
  root.with("/proc/self/cgroup", "0::/a/b\n");
  CHECK(root.quota() == no_cpu_quota);
}

TEST_CASE("a quota is rounded up to whole CPUs, at least one") {
  struct {
    char const* content;
    unsigned cpus;
  } const cases[] = {{"100000 100000\n", 1},  {"100001 100000\n", 2},
                     {"250000 100000\n", 3},  {"1000 100000\n", 1},
                     {"0 100000\n", 1},       {"50000 10000\n", 5},
                     {"200000", 2},           {"max 100000\n", no_cpu_quota},
                     {"", no_cpu_quota},      {"nonsense\n", no_cpu_quota},
                     {"5 0\n", no_cpu_quota}, {"99999999999999999999999 100000\n", no_cpu_quota}};
  for (auto const& c : cases) {
    CAPTURE(c.content);
    fake_root root;
    root.with("/proc/self/cgroup", "0::/a\n").with("/sys/fs/cgroup/a/cpu.max", c.content);
    CHECK(root.quota() == c.cpus);
    CHECK(root.usable() == std::min(c.cpus, affinity_cpus()));
  }
}

TEST_CASE("the tightest of a group and its ancestors counts") {
  fake_root root;
  root.with("/proc/self/cgroup", "0::/a/b/c\n")
      .with("/sys/fs/cgroup/cpu.max", "900000 100000\n")
      .with("/sys/fs/cgroup/a/cpu.max", "300000 100000\n")
      .with("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n")
      .with("/sys/fs/cgroup/a/b/c/cpu.max", "700000 100000\n");
  CHECK(root.quota() == 3);
  root.with("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  CHECK(root.quota() == 2);
  root.with("/sys/fs/cgroup/a/b/c/cpu.max", "100000 100000\n");
  CHECK(root.quota() == 1);
  CHECK(root.usable() == 1);
}

TEST_CASE("a container that is told the host's path, or the root, uses the mount's own quota") {
  for (char const* line : {"0::/docker/0123abcd\n", "0::/\n", "0::/../..\n", "0::\n"}) {
    CAPTURE(line);
    fake_root root;
    root.with("/proc/self/cgroup", line).with("/sys/fs/cgroup/cpu.max", "400000 100000\n");
    CHECK(root.quota() == 4);
  }
}

TEST_CASE("version 1, and version 2 beside it") {
  fake_root root;
  root.with("/proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/a/b\n1:name=systemd:/s\n0::/u\n")
      .with("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n")
      .with("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n")
      .with("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "550000\n")
      .with("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  CHECK(root.quota() == 6);
  root.with("/sys/fs/cgroup/unified/u/cpu.max", "300000 100000\n");
  CHECK(root.quota() == 3);
}

TEST_CASE("a malformed or endless group list does no harm") {
  fake_root root;
  root.with("/proc/self/cgroup", "::\n:\n\n0\n0:\n0::" + std::string(30000, 'x') + "/\n\n7:cpu");
  root.with("/sys/fs/cgroup/cpu.max", "400000 100000\n");
  (void)root.quota();
  CHECK(root.usable() >= 1);
}

TEST_CASE("the affinity mask counts on the real machine") {
  cpu_set_t before;
  REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
  CHECK(affinity_cpus() == static_cast<unsigned>(CPU_COUNT(&before)));
  CHECK(usable_cpus() >= 1);
  CHECK(usable_cpus() <= affinity_cpus());
  cpu_set_t one;
  CPU_ZERO(&one);
  for (std::size_t i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &before)) {
      CPU_SET(i, &one);
      break;
    }
  }
  REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(usable_cpus() == 1);
  REQUIRE(::sched_setaffinity(0, sizeof before, &before) == 0);
}
