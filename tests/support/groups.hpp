#pragma once
// What the tests of groups and time-outs share.
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/support/shapes.hpp"

namespace shapes {

// What every scope leaves behind: the requests of others, if any, and S calls that work.
inline void check_healthy(int cancelling = 0) {
  CHECK(weft::this_task::cancelling() == cancelling);
  CHECK_FALSE(weft::this_task::cancel_requested());
  CHECK_NOTHROW(weft::this_task::yield());
  CHECK_NOTHROW(weft::this_task::sleep_for(std::chrono::nanoseconds(1)));
}

[[noreturn]] inline void fail(char const* what) { throw std::runtime_error(what); }

// The errors' messages, in order; those of groups inside in parentheses.
inline std::string text_of(weft::exception_group const& e) {  // NOLINT(misc-no-recursion)
  std::string all;
  for (auto const& p : e.exceptions()) {
    if (!all.empty()) all += ", ";
    try {
      std::rethrow_exception(p);
    } catch (weft::exception_group const& inner) {
      all += '(' + text_of(inner) + ')';
    } catch (std::exception const& inner) {
      all += inner.what();
    } catch (...) {
      all += "no std::exception";
    }
  }
  return all;
}

// text_of() the group that f throws; of anything else, what it is.
template <class F>
std::string errors_of(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (weft::exception_group const& e) {
    return text_of(e);
  } catch (weft::cancelled const& e) {
    return "cancelled: " + e.message();
  } catch (std::exception const& e) {
    return std::string("no group: ") + e.what();
  }
  return "nothing";
}

// The running task gets a request that stays counted.
inline bool swallowed_request() {
  (void)weft::this_task::self().cancel("swallowed");
  try {
    weft::this_task::yield();
  } catch (weft::cancelled const&) {
    return true;
  }
  return false;
}

// Waits while nothing can be delivered.
template <class H>
void wait_shielded(H const& h) {
  weft::shield_scope const shield;
  h.wait();
  weft::this_task::yield();
}

// A child that is inside of its body when this returns.
template <class F>
auto spawn_begun(weft::task_group& g, F f) {
  weft::promise<> inside;
  auto const there = inside.get_future();
  auto t = g.spawn([inside = std::move(inside), f]() mutable {
    inside.set_value();
    return f();
  });
  there.wait();
  return t;
}

}  // namespace shapes
