// dump_json(): docs/debugging.md has the format.
#include <charconv>
#include <sstream>

#include "runtime/inspection/dump.hpp"
#include "runtime/inspection/json.hpp"
#include "runtime/inspection/symbol.hpp"

namespace weft::detail {
namespace {

constexpr int format = 1;

char const* name_of(task_state s) noexcept {
  return s == task_state::scheduled ? "scheduled" : s == task_state::running ? "running" : "suspended";
}

class object {
 public:
  explicit object(std::ostream& to) : to_(to) { to_ << '{'; }
  ~object() { to_ << '}'; }
  object(object const&) = delete;
  object& operator=(object const&) = delete;

  std::ostream& field(char const* name) {
    to_ << (first_ ? "\"" : ",\"") << name << "\":";
    first_ = false;
    return to_;
  }
  void text(char const* name, std::string_view value) { write_json_string(field(name), value); }
  void number(char const* name, std::uint64_t value) { field(name) << value; }
  void ms(char const* name, clock::duration d) {
    char text[64];  // by to_chars: no locale changes it
    auto const value = std::chrono::duration<double, std::milli>(d).count();
    field(name) << std::string_view(text, std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, 3).ptr);
  }

 private:
  std::ostream& to_;
  bool first_ = true;
};

template <class All, class F>
void write_array(std::ostream& to, All const& all, F&& write) {
  char const* before = "[";
  for (auto const& one : all) {
    to << before;
    before = ",";
    write(one);
  }
  to << (all.empty() ? "[]" : "]");
}

void write(std::ostream& to, wait_graph::node const& n) {
  object o(to);
  o.number("id", n.info.id);
  o.number("parent", n.info.parent);
  o.text("name", n.info.name);
  o.text("state", name_of(n.info.state));
  o.text("spawned_at", std::string(n.info.spawned_at.file_name()) + ':' + std::to_string(n.info.spawned_at.line()));
  o.ms("age_ms", n.info.age);
  o.ms("in_state_ms", n.info.in_state);
  if (!n.info.waits_for.empty()) o.text("waits_for", n.info.waits_for);
  if (n.info.held_by) o.number("held_by", *n.info.held_by);
  o.number("stack_used", n.info.stack_used);
  if (!n.frames.empty()) write_array(o.field("stack"), n.frames, [&to](void* f) { write_json_string(to, describe_frame(f)); });
}

}  // namespace

std::string json_of(runtime_core const& rt, dump_options how) {
  wait_graph const g(rt, how.stacks ? wait_graph::frames_too::yes : wait_graph::frames_too::no);
  std::ostringstream to;
  to.imbue(std::locale::classic());
  {
    object o(to);
    o.number("format", format);
    o.text("runtime", rt.options.name);
    write_array(o.field("tasks"), g.nodes(), [&to](auto const& n) { write(to, n); });
    write_array(o.field("deadlocks"), g.deadlocks(), [&](auto const& circle) {
      write_array(to, circle, [&](std::size_t i) { to << g.nodes()[i].info.id; });
    });
  }
  to << '\n';
  return std::move(to).str();
}

}  // namespace weft::detail
