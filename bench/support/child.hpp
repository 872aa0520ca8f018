#pragma once
// Runs this same program again with other arguments and reads the "name value" lines it prints: a measurement
// of memory needs a process that has done nothing before.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

using figures = std::map<std::string, double>;

inline figures run_child(std::vector<std::string> arguments) {
  std::array<char, 4096> self{};
  if (readlink("/proc/self/exe", self.data(), self.size() - 1) < 0)
    throw std::runtime_error("no /proc/self/exe");
  std::vector<char*> argv{self.data()};
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("pipe failed");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  pid_t child = 0;
  int const failed = posix_spawn(&child, self.data(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);

  figures result;
  std::FILE* output = fdopen(ends[0], "r");
  std::array<char, 64> name{};
  double value = 0;
  while (!failed && std::fscanf(output, "%63s %lf", name.data(), &value) == 2) result[name.data()] = value;
  std::fclose(output);
  int status = -1;
  if (failed || waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error("the child failed");
  return result;
}

}  // namespace bench
