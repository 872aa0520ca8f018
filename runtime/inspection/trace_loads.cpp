// Which tasks keep the workers busy, and who waits for a worker.
#include <weft/trace.hpp>

#include <algorithm>
#include <map>
#include <ranges>

#include "runtime/inspection/timeline.hpp"

namespace weft::trace {
namespace {

using detail::timeline;

struct sum {
  double slices = 0, busy = 0, delay = 0;
};

}  // namespace

std::vector<task_load> loads(clock::duration last) {
  if (last.count() <= 0) return {};
  timeline const t(detail::read_records());
  auto const begin = t.end - last.count();
  // How much of the time a thread's records show; what they do not is as the rest.
  auto const scale = [&](std::size_t thread) {
    auto const shown = t.end - std::max(begin, t.threads[thread].begin);
    return shown > 0 ? static_cast<double>(t.end - begin) / static_cast<double>(shown) : 0;
  };
  auto const inside = [&](std::int64_t from, std::int64_t to) { return static_cast<double>(std::max<std::int64_t>(to - std::max(from, begin), 0)); };

  std::map<std::uint64_t, sum> of_task;
  for (auto const& s : t.slices) {
    auto const ran = inside(s.begin, s.end) * scale(s.thread);
    if (s.end < begin) continue;
    auto& mine = of_task[s.task];
    mine.busy += ran;
    if (s.arrives && s.begin >= begin) mine.slices += scale(s.thread);
    if (s.within != timeline::none) of_task[t.slices[s.within].task].busy -= ran;
  }
  for (auto const& w : t.waits) {
    auto const& s = t.slices[w.until];
    if (s.begin >= begin) of_task[s.task].delay += inside(w.at, s.begin) * scale(s.thread);
  }

  std::map<std::string, sum> by_name;
  for (auto const& [task, of] : of_task) {
    auto& all = by_name[t.class_of(task)];
    all.slices += of.slices;
    all.busy += of.busy;
    all.delay += of.delay;
  }
  std::vector<task_load> found;
  auto const ns = [](double x) { return clock::duration{static_cast<std::int64_t>(std::max(x, 0.0))}; };
  for (auto const& [name, of] : by_name) found.push_back({name, static_cast<std::uint64_t>(of.slices + 0.5), ns(of.busy), ns(of.delay)});
  std::ranges::sort(found, std::greater{}, &task_load::busy);
  return found;
}

}  // namespace weft::trace
