#pragma once
// Recording for others than the program: for its environment, for who looks into it from outside.
namespace weft::detail {

// There is a flight recorder until it is let go, also after record(false). std::bad_alloc.
void hold_recording();
void let_go_of_recording() noexcept;

void trace_as_environment_says() noexcept;    // a runtime begins
void write_environments_trace() noexcept;     // a runtime has ended
void write_trace_of_stall() noexcept;         // on a thread that may wait for the disk

}  // namespace weft::detail
