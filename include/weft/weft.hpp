#pragma once
// Everything of the target weft::weft.
// In all headers `// S` marks what may suspend the task, and so is a checkpoint: cancelled, it throws weft::cancelled. After it
// the task may be on another thread. On plain threads the same calls block.
#include <weft/barrier.hpp>
#include <weft/blocking.hpp>
#include <weft/cancel.hpp>
#include <weft/channel.hpp>
#include <weft/condition_variable.hpp>
#include <weft/deadline.hpp>
#include <weft/errors.hpp>
#include <weft/event.hpp>
#include <weft/exception_group.hpp>
#include <weft/future.hpp>
#include <weft/gather.hpp>
#include <weft/inspect.hpp>
#include <weft/latch.hpp>
#include <weft/lifo_queue.hpp>
#include <weft/metrics.hpp>
#include <weft/mutex.hpp>
#include <weft/outcome.hpp>
#include <weft/parallel.hpp>
#include <weft/priority_queue.hpp>
#include <weft/queue.hpp>
#include <weft/race.hpp>
#include <weft/runtime.hpp>
#include <weft/select.hpp>
#include <weft/semaphore.hpp>
#include <weft/shared_mutex.hpp>
#include <weft/simulation.hpp>
#include <weft/task.hpp>
#include <weft/task_group.hpp>
#include <weft/task_local.hpp>
#include <weft/timeout.hpp>
#include <weft/wait.hpp>
