// The seeded world: one thread, a generator for every choice, a clock that only jumps.
#include <weft/simulation.hpp>

#include "runtime/inspection/debug.hpp"
#include "runtime/inspection/dump.hpp"
#include <weft/errors.hpp>

namespace weft {

struct simulation::world final : detail::simulated_world {
  explicit world(std::uint64_t seed) noexcept : state(seed) {}

  std::size_t choose(std::size_t n) noexcept override {
    if (n < 2) return 0;
    // SplitMix64: any seed will do, 0 included.
    std::uint64_t z = state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    auto const chosen = static_cast<std::size_t>((z ^ (z >> 31)) % n);
    ++steps;
    digest = (digest ^ chosen ^ (n << 20)) * 0x100000001b3ull;
    return chosen;
  }

  bool over() noexcept override {
    return stuck_now || (main != nullptr ? main->done() : core->live() == 0);
  }

  void stuck() noexcept override { stuck_now = true; }

  std::uint64_t state;
  std::uint64_t steps = 0;
  std::uint64_t digest = 0xcbf29ce484222325ull;
  bool stuck_now = false;
  detail::future_core const* main = nullptr;  // until it is done; then until nothing lives
  detail::runtime_core* core = nullptr;
};

simulation::simulation(std::uint64_t seed, runtime_options o)
    : world_(std::make_unique<world>(seed)), runtime_(std::move(o), world_.get()) {
  world_->core = runtime_.core_;
}

simulation::~simulation() = default;

std::uint64_t simulation::steps() const noexcept { return world_->steps; }
std::uint64_t simulation::digest() const noexcept { return world_->digest; }

void simulation::serve(detail::handle const& main) {
  detail::runtime_core& core = *runtime_.core_;
  world_->main = &main.core();
  world_->stuck_now = false;
  if (core.debug != nullptr) detail::forget_held_locks();
  core.sched->serve_here();
  std::string report;
  if (world_->stuck_now) {
    detail::wait_graph const all(core, detail::wait_graph::frames_too::yes);
    report = text_of(all, all.deadlocks());
    if (!report.empty()) report.pop_back();  // the last end of a line
  }
  bool const deadlocked = world_->stuck_now;
  // What is left is cancelled, round by round, and goes on in the simulation: stacks unwind.
  world_->main = nullptr;
  core.begin_draining();
  while (core.live() != 0) {
    bool const some = core.cancel_round() != 0;
    if (!some && world_->stuck_now) break;
    world_->stuck_now = false;
    core.sched->serve_here();
  }
  core.end_draining();
  core.abandoned = core.live() != 0;  // what neither runs nor can be cancelled is leaked with its runtime
  if (deadlocked) throw deadlock_error("weft: everybody waits and nobody can go on:\n" + report);
}

}  // namespace weft
