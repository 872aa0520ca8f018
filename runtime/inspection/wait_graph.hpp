#pragma once
// wait_graph: the tasks of a runtime at about one moment, and who waits for whom.
//
// Tasks are read one after the other while all of them go on, so an edge may be of the past when the next is read. What is stuck
// stays: deadlocks() looks twice, and believes what has not moved in between. All first looks are before all second ones, so
// there was a moment at which all of it held.
#include <cstdint>
#include <utility>
#include <vector>

#include "runtime/runtime_core.hpp"
#include <weft/detail/holders.hpp>

namespace weft::detail {

class wait_graph {
 public:
  struct node {
    task_info info;
    future_core* core;
    std::uint32_t generation;
    std::uint64_t parks = 0;                // of its fiber, so far
    std::vector<std::size_t> targets = {};  // those it waits for
    bool any = false;                       // one of them will do; else all have to end, or let go
    bool free = true;                       // it runs, or somebody else may let it go on, or time
    std::vector<void*> frames = {};         // innermost first
  };
  using circle = std::vector<std::size_t>;  // each waits for the next, the last for the first; that is the oldest
  enum class frames_too : bool { no, yes };  // of suspended tasks

  // Any thread. std::bad_alloc.
  explicit wait_graph(runtime_core const&, frames_too = frames_too::no);

  [[nodiscard]] std::vector<node> const& nodes() const noexcept { return nodes_; }
  [[nodiscard]] std::vector<node> take_nodes() noexcept { return std::move(nodes_); }
  // Of tasks that go on only if one of them is cancelled. std::bad_alloc.
  [[nodiscard]] std::vector<circle> deadlocks() const;

 private:
  class index;
  void look_closer(node&, holders&, frames_too);
  void connect(std::vector<holders> const&);
  [[nodiscard]] std::vector<bool> stuck() const;
  [[nodiscard]] std::vector<circle> circles(std::vector<bool> const& is_stuck) const;

  runtime_core const& rt_;
  std::vector<node> nodes_;
};

}  // namespace weft::detail
