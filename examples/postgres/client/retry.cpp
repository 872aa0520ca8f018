#include "retry.hpp"

#include <algorithm>
#include <random>

namespace postgres {

bool retry::pauses::begin(bool lost) {
  using namespace std::chrono_literals;
  if (until_.is_never()) until_ = patience_;
  if (until_.passed()) return false;
  // Each of a length of its own: what has met once should not meet again.
  thread_local std::minstd_rand random{std::random_device{}()};
  length_ = std::chrono::duration_cast<weft::clock::duration>(most_ * std::uniform_real_distribution{0.5, 1.0}(random));
  length_ = std::min(length_, until_.time() - weft::clock::now());
  most_ = std::min<weft::clock::duration>(most_ * 2, lost ? 1s : 50ms);
  return true;
}

}  // namespace postgres
