#pragma once
// What a forked child does and says: for what ends a process. It has one thread, whatever threads this process has.
#include <csignal>
#include <cstdio>
#include <string>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace child {

struct outcome {
  int status = 0;
  std::string err;
  [[nodiscard]] bool ended_with(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }
  [[nodiscard]] bool killed_by(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
  [[nodiscard]] bool says(std::string const& text) const { return err.find(text) != std::string::npos; }
};

// Runs body there; what it writes on stderr, and how it ended: 0 if body returned.
template <class F>
outcome in_child(F body) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  std::fflush(nullptr);
  pid_t const pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    for (int const s : {SIGSEGV, SIGABRT}) ::signal(s, SIG_DFL);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    body();
    ::_exit(0);
  }
  ::close(ends[1]);
  outcome result;
  char buffer[512];
  for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    result.err.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  ::waitpid(pid, &result.status, 0);
  return result;
}

}  // namespace child
