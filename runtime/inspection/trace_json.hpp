#pragma once
// A timeline as Chrome's trace events, which Perfetto and chrome://tracing open.
#include <iosfwd>

#include "runtime/inspection/timeline.hpp"

namespace weft::detail {

void write_trace_json(std::ostream&, timeline const&);

}  // namespace weft::detail
