#pragma once
// The links of a page.

#include <string_view>
#include <vector>

#include "url.hpp"

namespace crawl {

// Where the attributes href of a page's tags lead, as far as that is http; in their order, twice if they are there twice. Comments,
// scripts and styles have none, and <base> is minded.
[[nodiscard]] std::vector<url> links_of(std::string_view html, url const& page);

}  // namespace crawl
