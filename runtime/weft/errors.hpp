#pragma once
// The errors of weft that are not tied to one feature.
#include <stdexcept>

namespace weft {

// A result asked for that is not there, or given a second time; a call on an empty handle.
class invalid_state_error : public std::logic_error {
  using std::logic_error::logic_error;
};
// A task group that has ended, or is ending after a failure or cancel(), takes no more children.
class group_closed_error : public std::logic_error {
  using std::logic_error::logic_error;
};
// Called outside of a task, or in a runtime that has ended.
class no_runtime_error : public std::logic_error {
  using std::logic_error::logic_error;
};
// A task that waits for itself; in a simulation: nobody can go on.
class deadlock_error : public std::logic_error {
  using std::logic_error::logic_error;
};
// A deadline has passed.
class timeout_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};
// The promise went away without a result.
class broken_promise_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};
// Put into what is closed, or got from what is closed and empty.
class closed_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The barrier has been aborted, or was reset while one waited at it.
class broken_barrier_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace weft
