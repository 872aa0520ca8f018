#pragma once
// Looking inside: what lives now, and what has been counted. Weakly consistent, cheap enough for production.
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include <weft/task.hpp>

namespace weft {

struct task_info {
  std::uint64_t id = 0, parent = 0;          // parent 0: none
  std::string name;
  task_state state = task_state::scheduled;
  std::source_location spawned_at;
  clock::duration age{}, in_state{};         // about: from time stamps that workers take now and then
  std::string waits_for;
  std::optional<std::uint64_t> held_by;
  std::size_t stack_used = 0;                // bytes, of a suspended task
};

// Of the current runtime: every task that is not done and whose spawn happened before. Outside of a task: empty.
[[nodiscard]] std::vector<task_info> all_tasks();

}  // namespace weft
