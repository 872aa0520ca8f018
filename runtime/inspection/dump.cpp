// dump(): the tree of tasks as text, and in words who waits for whom.
#include <algorithm>
#include <ostream>
#include <unordered_map>

#include "runtime/inspection/dump.hpp"
#include "runtime/inspection/symbol.hpp"

namespace weft::detail {
namespace {

// Those that say the same but for their names and ages share a line if they are more than this.
constexpr std::size_t few = 3, ids_shown = 5, deepest = 40;

std::string text_of(clock::duration d) {
  auto const us = std::chrono::duration_cast<std::chrono::microseconds>(d).count();
  char text[32];
  if (us < 1000) {
    std::snprintf(text, sizeof text, "%d us", static_cast<int>(us));
  } else if (us < 1'000'000) {
    std::snprintf(text, sizeof text, "%.3g ms", static_cast<double>(us) / 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(us) / 1e6);
  }
  return text;
}

std::string site_of(task_info const& t) {
  std::string text = t.spawned_at.file_name();
  return text.append(":").append(std::to_string(t.spawned_at.line()));
}

std::string short_name(task_info const& t) {
  std::string text = t.name;
  return text.append(" (id ").append(std::to_string(t.id)).append(")");
}

class tree {
 public:
  tree(wait_graph const& g, std::string& out) : nodes_(g.nodes()), out_(out) {
    for (std::size_t i = 0; i != nodes_.size(); ++i) by_id_.emplace(nodes_[i].info.id, i);
    for (std::size_t i = 0; i != nodes_.size(); ++i) {
      auto const parent = nodes_[i].info.parent;
      (by_id_.contains(parent) ? children_[parent] : roots_).push_back(i);
    }
  }

  // Not by recursion: chains of tasks are longer than a task's stack is deep.
  void print() {
    std::vector<line_of> open;
    add_lines(roots_, 0, open);
    while (!open.empty()) {
      auto const now = std::move(open.back());
      open.pop_back();
      if (now.who.size() != 1) {
        print_alike(now.who, now.depth);
        continue;
      }
      print(now.who.front(), now.depth);
      if (auto const it = children_.find(nodes_[now.who.front()].info.id); it != children_.end()) add_lines(it->second, now.depth + 1, open);
    }
  }
  // What `who` waits for, and who is that, or has it.
  std::string wait_of(wait_graph::node const& who) const {
    std::string text = who.info.waits_for;
    if (!who.info.held_by || text.find("(id ") != text.npos) return text;
    auto const it = by_id_.find(*who.info.held_by);
    if (it != by_id_.end()) text.append(": ").append(short_name(nodes_[it->second].info));
    return text;
  }

 private:
  using indices = std::vector<std::size_t>;

  // Equal: they may share a line.
  std::string place_of(wait_graph::node const& n) const {
    std::string key = site_of(n.info);
    key.append(1, static_cast<char>('0' + static_cast<int>(n.info.state))).append(wait_of(n));
    // The innermost are the switch's own, which has more than one way.
    constexpr std::size_t of_the_switch = 3;
    for (auto i = of_the_switch; i < n.frames.size(); ++i) key.append(reinterpret_cast<char const*>(&n.frames[i]), sizeof n.frames[i]);
    return key;
  }

  struct line_of {
    indices who;
    std::size_t depth;
  };

  // The first one last: it is printed next.
  void add_lines(indices all, std::size_t depth, std::vector<line_of>& to) const {
    std::sort(all.begin(), all.end(), [this](auto a, auto b) { return nodes_[a].info.id < nodes_[b].info.id; });
    std::unordered_map<std::string, indices> alike;
    for (auto const i : all) {
      if (!children_.contains(nodes_[i].info.id)) alike[place_of(nodes_[i])].push_back(i);
    }
    auto const begin = static_cast<std::ptrdiff_t>(to.size());
    for (auto const i : all) {
      auto const it = children_.contains(nodes_[i].info.id) ? alike.end() : alike.find(place_of(nodes_[i]));
      if (it == alike.end() || it->second.size() <= few) {
        to.push_back({{i}, depth});
      } else if (it->second.front() == i) {
        to.push_back({it->second, depth});
      }
    }
    std::reverse(to.begin() + begin, to.end());
  }

  void print(std::size_t i, std::size_t depth) {
    auto const& n = nodes_[i];
    line(depth).append(short_name(n.info)).append(" ").append(site_of(n.info)).append("  ");
    say_state(n, n.info.in_state);
    say_frames(n, depth);
  }

  void print_alike(indices const& all, std::size_t depth) {
    auto const& first = nodes_[all.front()];
    clock::duration longest{};
    for (auto const i : all) longest = std::max(longest, nodes_[i].info.in_state);
    line(depth).append(std::to_string(all.size())).append(" x ").append(site_of(first.info)).append(", ids ");
    for (std::size_t k = 0; k != ids_shown && k != all.size(); ++k) out_.append(k != 0 ? " " : "").append(std::to_string(nodes_[all[k]].info.id));
    out_.append(all.size() > ids_shown ? " ...  " : "  ");
    say_state(first, longest);
    say_frames(first, depth);
  }

  std::string& line(std::size_t depth) { return out_.append(2 * std::min(depth, deepest), ' '); }

  void say_state(wait_graph::node const& n, clock::duration how_long) {
    switch (n.info.state) {
      case task_state::scheduled: out_.append("scheduled for ").append(text_of(how_long)); break;
      case task_state::running: out_.append("running"); break;
      default:
        out_.append("waits ").append(text_of(how_long));
        if (!n.info.waits_for.empty()) out_.append(" for ").append(wait_of(n));
    }
    out_.append("\n");
  }

  void say_frames(wait_graph::node const& n, std::size_t depth) {
    for (void* const f : n.frames) line(depth).append("    at ").append(describe_frame(f)).append("\n");
  }

  std::vector<wait_graph::node> const& nodes_;
  std::string& out_;
  std::unordered_map<std::uint64_t, std::size_t> by_id_;
  std::unordered_map<std::uint64_t, indices> children_;
  indices roots_;
};

}  // namespace

std::string text_of(wait_graph const& g, std::vector<wait_graph::circle> const& deadlocks) {
  std::string text;
  tree all(g, text);
  all.print();
  return text + text_of_deadlocks(g, deadlocks);
}

std::string text_of_deadlocks(wait_graph const& g, std::vector<wait_graph::circle> const& deadlocks, wait_graph::frames_too with) {
  std::string text;
  tree const all(g, text);
  for (auto const& circle : deadlocks) {
    text.append("deadlock of ").append(std::to_string(circle.size())).append(circle.size() == 1 ? " task" : " tasks");
    text.append(", each of which waits for the next:\n");
    for (std::size_t k = 0; k != circle.size(); ++k) {
      auto const& n = g.nodes()[circle[k]];
      auto const& next = g.nodes()[circle[(k + 1) % circle.size()]].info;
      text.append("  ").append(short_name(n.info)).append(" ").append(site_of(n.info)).append("  waits for ").append(n.info.waits_for);
      if (n.info.waits_for.find("(id ") == std::string::npos) text.append(": ").append(short_name(next));
      text.append("\n");
      if (with == wait_graph::frames_too::no) continue;
      for (void* const f : n.frames) text.append("      at ").append(describe_frame(f)).append("\n");
    }
  }
  return text;
}

std::string dump_of(runtime_core const& rt, dump_options o) {
  wait_graph const g(rt, o.stacks ? wait_graph::frames_too::yes : wait_graph::frames_too::no);
  auto const n = g.nodes().size();
  std::string text = "weft: runtime '";
  text.append(rt.options.name).append("', ").append(std::to_string(n)).append(n == 1 ? " task, " : " tasks, ");
  text.append(std::to_string(rt.options.workers)).append(rt.options.workers == 1 ? " worker\n" : " workers\n");
  return text + text_of(g, g.deadlocks());
}

}  // namespace weft::detail
