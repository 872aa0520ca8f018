// The public group over its core.
#include <weft/task_group.hpp>

#include "runtime/runtime_core.hpp"

namespace weft {

task_group::task_group() : core_(detail::runtime_here("a task_group")) {}
task_group::task_group(runtime& rt) : core_(detail::core_of(rt)) {}

task_group::~task_group() {
  if (core_.closed()) {
    core_.report_failures();  // there are some if join() had no memory to throw them
    return;
  }
  core_.abort({});
  shield_scope const shield;
  try {
    (void)core_.wait_and_close();
  } catch (...) {  // somebody else joins it at this moment: a bug of the caller's that must not be hidden
    std::terminate();
  }
  core_.report_failures();
}

void task_group::join() {
  if (core_.closed()) return;
  detail::join_group(core_, nullptr, std::nullopt, nullptr);
}

void detail::throw_interrupted_group() {
  throw task_cancelled_error("weft: the group was cancelled before its body had a value", cancel_cause::group);
}

}  // namespace weft
