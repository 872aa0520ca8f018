#pragma once
// What the tests of mutex and fair_mutex share.
#include <utility>

#include <weft/mutex.hpp>

#include "tests/sync/waiting.hpp"

namespace locks {

template <class M>
struct kind {
  using type = M;
};

// f(kind<mutex>), f(kind<fair_mutex>), in all shapes.
template <class F>
void both_everywhere(F&& f) {
  shapes::everywhere([&] { f(kind<weft::mutex>()); });
  shapes::everywhere([&] { f(kind<weft::fair_mutex>()); });
}

}  // namespace locks
