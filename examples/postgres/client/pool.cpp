#include "pool.hpp"

namespace postgres {

pool::lease pool::take() {
  weft::permit place{places_};
  auto c = idle();
  while (c && !c->usable()) c = idle();  // the server has gone meanwhile
  if (!c) c = std::make_unique<connection>(dsn_);
  return {*this, std::move(place), std::move(c)};
}

std::unique_ptr<connection> pool::idle() {
  std::lock_guard const guard{lock_};
  if (idle_.empty()) return nullptr;
  auto c = std::move(idle_.back());
  idle_.pop_back();
  return c;
}

void pool::give_back(std::unique_ptr<connection> c) noexcept {
  std::lock_guard const guard{lock_};
  idle_.push_back(std::move(c));  // there is room
}

}  // namespace postgres
