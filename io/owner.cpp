#include <weft/detail/owner.hpp>

#include "io/attempt.hpp"

namespace weft::detail {
namespace {

void set_limit(descriptor* d, direction way, deadline until) noexcept {
  if (d != nullptr) d->set_limit(way, until.ns());
}

}  // namespace

owner& owner::operator=(owner&& o) noexcept {
  if (this == &o) return *this;
  if (core_ != nullptr) core_->drop();
  core_ = std::exchange(o.core_, nullptr);
  return *this;
}

owner::~owner() {
  if (core_ != nullptr) core_->drop();
}

void owner::close() noexcept {
  if (core_ != nullptr) core_->close();
}
bool owner::is_open() const noexcept { return core_ != nullptr && !core_->closing(); }
int owner::native_handle() const noexcept { return is_open() ? core_->fd() : -1; }

void endpoint::set_read_deadline(deadline d) noexcept { set_limit(core(), direction::reading, d); }
void endpoint::set_write_deadline(deadline d) noexcept { set_limit(core(), direction::writing, d); }
void endpoint::set_deadline(deadline d) noexcept {
  set_read_deadline(d);
  set_write_deadline(d);
}

}  // namespace weft::detail
