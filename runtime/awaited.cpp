#include <weft/detail/awaited.hpp>

namespace weft::detail {

char const* const awaited_names[] = {
    "", "a future", "several tasks", "others that do a part of its work", "its group", "a time", "an event", "a latch", "a semaphore",
    "a mutex", "a shared_mutex", "a condition_variable", "a barrier", "a queue or buffered channel", "a channel", "a select", "input",
    "output"};

}  // namespace weft::detail
