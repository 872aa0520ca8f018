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
#include <functional>
#include <map>
#include <stdexcept>
#include <string>

#include "bench/support/process.hpp"

namespace bench {

// What a library does in its own process: listens on a free port of 127.0.0.1, tells it, and serves until it is killed.
using tell = std::function<void(std::uint16_t port)>;
using server = std::function<void(tell const&)>;

inline std::map<std::string, server>& servers() {
  static std::map<std::string, server> all;
  return all;
}

inline void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

inline std::filesystem::path this_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

// This program again, as a server.
class server_process {
 public:
  explicit server_process(std::string library) {
    std::string self = this_program().native(), flag = "--serve";
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

  [[nodiscard]] footprint memory() const { return footprint(std::to_string(child_)); }

 private:
  pid_t child_ = 0;
};

// In the server: the port it listens at.
inline void tell_parent(std::uint16_t port) {
  if (write(STDOUT_FILENO, &port, sizeof port) != sizeof port) throw std::runtime_error("nobody listens");
  close(STDOUT_FILENO);
}

// `bench_<problem> --serve LIBRARY`. False: this program was called for something else.
inline bool serve(int argc, char** argv) {
  if (argc != 3 || std::string{argv[1]} != "--serve") return false;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  servers().at(argv[2])(tell_parent);
  return true;
}

}  // namespace bench
