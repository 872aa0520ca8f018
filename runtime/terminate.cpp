// std::terminate in a task: an exception, often `cancelled`, that has left a destructor or a noexcept function. Says in which
// task, then goes on as before.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "runtime/runtime_core.hpp"

namespace weft::detail {
namespace {

std::terminate_handler handler_before = nullptr;

[[noreturn]] void name_the_task() noexcept {
  if (worker* const w = worker::current()) {
    char who[512] = "";
    task_hooks.describe(w->running(), who, sizeof who);
    std::fprintf(stderr, "weft: std::terminate was called in %s; an exception out of a destructor or a noexcept function? "
                         "Calls that suspend throw weft::cancelled; weft::shield_scope puts that off\n", who);
  }
  if (handler_before != nullptr) handler_before();
  std::abort();
}

}  // namespace

// Once: whoever sets a handler later may chain to ours, so it stays.
void install_terminate_report() noexcept {
  [[maybe_unused]] static bool const done = (handler_before = std::set_terminate(&name_the_task), true);
}

}  // namespace weft::detail
