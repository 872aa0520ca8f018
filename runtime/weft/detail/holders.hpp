#pragma once
// holders: who may let a task go on that waits for a thing which some hold. Told by the library that has such things, of a
// waiting task that is kept from going on meanwhile: so the thing is there.
#include <vector>

#include <weft/detail/awaited.hpp>
#include <weft/detail/parker.hpp>

namespace weft::detail {

struct future_core;

struct holders {
  std::vector<future_core*> tasks;
  std::vector<void const*> places;  // of objects that hold: what is on a task's stack, or in its block, that task has
  bool any = false;                 // one of them will do; else all have to
  bool others = false;              // somebody unknown may do it, too

  void unknown() noexcept {
    tasks.clear();
    places.clear();
    others = true;
  }
};

// `waits` is that task's parker. std::bad_alloc.
using tell_holders = void (*)(void* thing, parker const& waits, holders&);

// Once for each kind, before main. The result is of no interest: an object's initializer calls it.
bool inspected_by(awaited::kind, tell_holders) noexcept;

}  // namespace weft::detail
