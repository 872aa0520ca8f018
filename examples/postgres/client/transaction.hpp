#pragma once
// transaction: all of what a function does on a connection, or nothing.

#include <functional>
#include <type_traits>

#include "pool.hpp"

namespace postgres {

enum class isolation { read_committed, serializable };

namespace detail {

void commit(connection&);  // sql_error, too, when the server rolls back instead

struct roll_back_at_end {  // committed, there is nothing to roll back
  connection& of;
  ~roll_back_at_end() { of.roll_back(); }
};

}  // namespace detail

// S  Takes a connection, and commits what f(connection&) has done; its value. Rolls back what it throws out of, `cancelled`, too.
// Lost in the commit itself, a connection leaves open whether it was committed.
template <class F>
auto transaction(pool& from, F&& f, isolation how = isolation::read_committed) {
  auto const c = from.take();
  c->execute(how == isolation::serializable ? "begin isolation level serializable" : "begin isolation level read committed");
  detail::roll_back_at_end const guard{*c};
  if constexpr (std::is_void_v<std::invoke_result_t<F, connection&>>) {
    std::invoke(f, *c);
    detail::commit(*c);
  } else {
    auto value = std::invoke(f, *c);
    detail::commit(*c);
    return value;
  }
}

}  // namespace postgres
