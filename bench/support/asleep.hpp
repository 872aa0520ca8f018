#pragma once
// Whether every other thread of this process sleeps in the kernel: true of any library's idle workers, whatever they sleep in.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

#include "bench/support/process.hpp"

namespace bench {

// One look. A thread that ends meanwhile does not count.
inline bool others_sleep_now() {
  auto const mine = std::to_string(syscall(SYS_gettid));
  for (auto const& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
    if (thread.path().filename() == mine) continue;
    std::ifstream in{thread.path() / "stat"};
    std::string line;
    std::getline(in, line, '\0');  // not through iterators: those throw when the thread ends meanwhile
    auto const name_end = line.rfind(')');  // the name may hold anything
    if (name_end != line.npos && line[name_end + 2] != 'S') return false;
  }
  return true;
}

// Waits for it. A thread on its way into or out of sleep may look like a sleeper, but then it soon switches: two looks, and
// nobody has switched in between. False: not within ten seconds, which is for machines so busy that a worker that yields some
// times before it sleeps takes seconds for that.
inline bool others_sleep() {
  auto const give_up = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (std::chrono::steady_clock::now() < give_up) {
    auto const switches = context_switches_of_others();
    if (others_sleep_now() && others_sleep_now() && context_switches_of_others() == switches) return true;
    std::this_thread::sleep_for(std::chrono::microseconds{20});  // looking takes CPU time from those who are to fall asleep
  }
  return false;
}

}  // namespace bench
