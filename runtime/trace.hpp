#pragma once
// Tracing as the environment asks for it.
namespace weft::detail {

void trace_as_environment_says() noexcept;    // a runtime begins
void write_environments_trace() noexcept;     // a runtime has ended
void write_trace_of_stall() noexcept;         // on a thread that may wait for the disk

}  // namespace weft::detail
