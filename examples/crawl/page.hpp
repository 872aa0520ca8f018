#pragma once
// Fetching a page, and what became of that.

#include <weft/address.hpp>
#include <weft/deadline.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "url.hpp"

namespace crawl {

struct page {
  url where;
  unsigned status = 0;  // 0: there was no answer
  std::size_t bytes = 0;
  std::string failure;  // empty: it is a page, or leads to one
  std::vector<url> links;
  std::chrono::duration<double, std::milli> took{0};
};

// S  Throws `cancelled`, and for memory.
[[nodiscard]] page fetch(weft::address const& server, url const& where, weft::clock::duration time_out);

}  // namespace crawl
