#pragma once
// A server as a process of its own: this program again, with `--serve LIBRARY`. It is killed when its object goes, or this process.
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace bench {

inline void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

// This program again, as a server.
class server_process {
 public:
  explicit server_process(std::string library) {
    std::array<char, 4096> self{};
    if (readlink("/proc/self/exe", self.data(), self.size() - 1) < 0) throw std::runtime_error("no /proc/self/exe");
    std::string flag = "--serve";
    char* argv[] = {self.data(), flag.data(), library.data(), nullptr};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int const failed = posix_spawn(&child_, self.data(), &actions, nullptr, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    bool const told = failed == 0 && read(ends[0], &port, sizeof port) == sizeof port;
    close(ends[0]);
    if (!told) throw std::runtime_error("the server does not start");
  }
  ~server_process() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  server_process(server_process const&) = delete;
  server_process& operator=(server_process const&) = delete;

  std::uint16_t port = 0;

  // What its threads have run so far, in microseconds.
  [[nodiscard]] double cpu_us() const {
    double ns = 0;
    for (auto const& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(child_) + "/task")) {
      double ran = 0;
      std::ifstream(thread.path() / "schedstat") >> ran;
      ns += ran;
    }
    return ns / 1000;
  }

 private:
  pid_t child_ = 0;
};

// In the server: the port it listens at.
inline void tell_parent(std::uint16_t port) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (write(STDOUT_FILENO, &port, sizeof port) != sizeof port) throw std::runtime_error("nobody listens");
  close(STDOUT_FILENO);
}

}  // namespace bench
