#pragma once
// Looking inside: what lives now, and what has been counted. Weakly consistent, cheap enough for production.
#include <cstdint>
#include <iosfwd>
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
  clock::duration age{}, in_state{};         // about, by time stamps that workers take now and then; in_state: unless it runs
  std::string waits_for;                     // "a mutex", "task 'x' (id 7)"; empty: it does not wait
  std::optional<std::uint64_t> held_by;      // who has that, or is that, if it is one task and known
  std::size_t stack_used = 0;                // bytes, of a suspended task
};

// Of the current runtime: every task that is not done and whose spawn happened before. Outside of a task: empty.
[[nodiscard]] std::vector<task_info> all_tasks();

struct dump_options {
  bool stacks = false;                       // where suspended tasks are, by frame pointers: callers compiled without end the list
};

// The tasks of the current runtime as a tree, with what each waits for and who has that; then the deadlocks: circles of tasks that
// go on only if one of them is cancelled. Those that wait in the same place share a line. Outside of a task: of every runtime.
// Never suspends, if the stream does not; nobody is stopped for longer than a look at him. std::bad_alloc, what the stream throws.
void dump(std::ostream&, dump_options = {});
// The same as JSON, one line for each runtime; the format is in docs/debugging.md.
void dump_json(std::ostream&, dump_options = {});

}  // namespace weft
