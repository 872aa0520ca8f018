#pragma once
// Runs f as the main task of a runtime of its own with that many workers.
#include <weft/runtime.hpp>

#include <cstdint>
#include <utility>

namespace bench {

inline weft::runtime_options with_workers(std::int64_t workers) {
  weft::runtime_options options;
  options.workers = static_cast<unsigned>(workers);
  return options;
}

template <class F> void on_weft(std::int64_t workers, F&& f) {
  weft::runtime runtime{with_workers(workers)};
  runtime.run(std::forward<F>(f));
}

}  // namespace bench
