#pragma once
// outgoing: a value to be put or sent, where its owner has it: moved or copied, and not before it is known that it goes.
#include <utility>

#include <weft/detail/copyable.hpp>

namespace weft::detail {

template <class T>
class outgoing {
 public:
  explicit outgoing(T&& v) noexcept : value_(&v), moves_(true) {}
  explicit outgoing(T const& v) noexcept
    requires copyable<T>
      : value_(const_cast<T*>(&v)), moves_(false) {}

  [[nodiscard]] T const& peek() const noexcept { return *value_; }
  // use(T&&) or use(T const&).
  template <class Use>
  void give(Use&& use) {
    if constexpr (copyable<T>) {
      if (!moves_) {
        use(std::as_const(*value_));
        return;
      }
    }
    use(std::move(*value_));
  }

 private:
  T* value_;
  bool moves_;
};

}  // namespace weft::detail
