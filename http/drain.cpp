#include <weft/detail/drain.hpp>

namespace weft::detail {

void drain::begin(deadline grace) noexcept {
  std::lock_guard const guard(lock_);
  if (begun()) return;
  grace_ = grace;
  begun_.store(true, std::memory_order_release);
  for (entry* e = first_; e != nullptr; e = e->next_) e->group_.cancel();
}

drain::entry::entry(drain& of, task_group& g) noexcept : of_(of), group_(g) {
  std::lock_guard const guard(of_.lock_);
  next_ = std::exchange(of_.first_, this);
  back_ = &of_.first_;
  if (next_ != nullptr) next_->back_ = &next_;
}

drain::entry::~entry() {
  std::lock_guard const guard(of_.lock_);
  *back_ = next_;
  if (next_ != nullptr) next_->back_ = back_;
}

}  // namespace weft::detail
