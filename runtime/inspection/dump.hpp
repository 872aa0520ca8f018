#pragma once
// What dump() and dump_json() say of one runtime; any thread. Each throws std::bad_alloc.
#include <string>
#include <vector>

#include "runtime/inspection/wait_graph.hpp"

namespace weft::detail {

[[nodiscard]] std::string dump_of(runtime_core const&, dump_options);
[[nodiscard]] std::string json_of(runtime_core const&, dump_options);  // one line

// The tree, then the deadlocks; empty without a task.
[[nodiscard]] std::string text_of(wait_graph const&, std::vector<wait_graph::circle> const& deadlocks);
[[nodiscard]] std::string text_of_deadlocks(wait_graph const&, std::vector<wait_graph::circle> const&, wait_graph::frames_too = wait_graph::frames_too::no);

}  // namespace weft::detail
