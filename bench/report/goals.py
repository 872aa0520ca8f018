"""The figures that have a goal."""
from dataclasses import dataclass
from typing import Callable

from measures import best_of, difference, each, gain, ratio, slowest, worst


@dataclass(frozen=True)
class Goal:
    what: str
    bound: float
    measure: Callable
    at_least: bool = False
    peers: bool = True  # does the measure mean something for them?
    charted: bool = True  # and their ratio to weft's, in a chart of such ratios?
    why: str = ""  # where docs/benchmarks.md says why it is missed, if it is: the anchor why-...


TASKS = [
    Goal("fib(30), spawn + get, ns", 12, each("fib/spawn/{}/n:30/workers:1"), why="fib"),
    Goal("the same, oneTBB's better form over it", 7,
         best_of(["fib/spawn/tbb/n:30/workers:1", "fib/fork/tbb/n:30/workers:1"], "fib/spawn/{}/n:30/workers:1"),
         at_least=True, peers=False, why="fib"),
    Goal("the same, gain of 2 workers over that of 2 plain threads", 0.95, gain("fib/spawn/{}/n:30", "fib/calls/serial/n:35"),
         at_least=True, why="gain"),
    Goal("fib(30), fork + get, ns", 9, each("fib/fork/{}/n:30/workers:1"), why="fib"),
    Goal("fib(30), parallel_invoke, ns", 9, each("fib/fork/{}_invoke/n:30/workers:1"), why="fib"),
    Goal("fib(30) with one task local set, ns", 24, each("fib/spawn/{}_task_local/n:30/workers:1"), why="local"),
    Goal("skynet, 1,000,000 leaves, ms", 15, each("skynet/tree/{}/leaves:1000000/workers:1", "ms_per_run"), why="skynet"),
    Goal("the same, gain of 2 workers over that of 2 plain threads", 0.95,
         gain("skynet/tree/{}/leaves:1000000", "fib/calls/serial/n:35"), at_least=True, why="gain"),
    Goal("nqueens(12) over serial", 1.03,
         ratio("nqueens/count/{}/task_rows:4/workers:1", "nqueens/count/serial/task_rows:4/workers:1", "ms_per_run"), why="fib"),
    Goal("the same with all rows as tasks, gain of 2 workers over that of 2 plain threads", 0.95,
         gain("nqueens/count/{}/task_rows:12", "fib/calls/serial/n:35", "ms_per_run"), at_least=True, why="gain"),
    Goal("spawn + join one, ns", 15, each("spawn_join/one/{}/workers:1"), why="fib"),
    Goal("spawn 1000, join all, ns each", 15, each("spawn_join/thousand/{}/workers:1"), why="many"),
    Goal("task group of 1000, ns each", 25, each("group/thousand/{}/workers:1"), why="many"),
]

WAITING = [
    Goal("yield among 2, ns", 9, each("yield/all/{}/workers:1/fibers:2"), why="yield"),
    Goal("yield among 1000, ns", 12, each("yield/all/{}/workers:1/fibers:1000"), why="yield"),
    Goal("yield among 2, Boost.Fiber over it", 3,
         best_of(["yield/all/boost_fiber/workers:1/fibers:2"], "yield/all/{}/workers:1/fibers:2"), at_least=True, peers=False, why="yield"),
    Goal("channel ping-pong, round trip, ns", 50, each("channel/ping_pong/{}/workers:1"), why="hand-over"),
    Goal("queue of 1024, 1 and 1, ns an item", 12, each("queue/put_and_get/{}/workers:1/pairs:1/capacity:1024"), why="queue"),
    Goal("queue of 1024, 4 and 4, ns an item", 15, each("queue/put_and_get/{}/workers:1/pairs:4/capacity:1024"), why="queue"),
    Goal("queue of 1024, 1 and 1, 2 workers over 1", 1.3,
         ratio("queue/put_and_get/{}/workers:2/pairs:1/capacity:1024", "queue/put_and_get/{}/workers:1/pairs:1/capacity:1024"),
         charted=False, why="queue"),
    Goal("queue of 1024, 4 and 4, 2 workers over 1", 1.3,
         ratio("queue/put_and_get/{}/workers:2/pairs:4/capacity:1024", "queue/put_and_get/{}/workers:1/pairs:4/capacity:1024"),
         charted=False, why="queue"),
    Goal("mutex, lock and unlock, over std::mutex's", 1.2, ratio("mutex/alone/{}/workers:1", "mutex/alone/std/workers:1"), why="mutex"),
    Goal("mutex, 8 tasks on 2 workers, ns", 15, each("mutex/eight/{}/workers:2"), why="mutex"),
    Goal("promise set + get, ns", 25, each("promise/same_task/{}/workers:1"), why="promise"),
    Goal("future ping-pong, round trip, ns", 80, each("promise/ping_pong/{}/workers:1"), why="hand-over"),
    Goal("with_timeout around what is ready, ns", 15,
         difference("timeout/ready/{}/workers:1", "timeout/ready/{}_bare/workers:1"), why="timeout"),
    Goal("with_timeout around what suspends once, ns", 60,
         difference("timeout/suspends_once/{}/workers:1", "timeout/suspends_once/{}_bare/workers:1"), why="timeout"),
    Goal("1,000,000 sleeps of 0 to 1 s, CPU ms", 900, each("sleepers/1m/{}/workers:1", "cpu_ms"), why="sleepers"),
]

MEMORY = [
    Goal("unstarted task, bytes", 192, each("memory/unstarted/{}/count:100000", "rss_per_task"), why="unstarted"),
    Goal("suspended task, bytes", 4608, each("memory/suspended/{}/count:100000", "rss_per_task")),
    Goal("suspended task, page tables, bytes", 1100, each("memory/suspended/{}/count:100000", "page_tables_per_task")),
    Goal("1,000,000 suspended, stacks without a guard", 0, each("memory/suspended/{}/count:1000000", "unguarded_stacks")),
    Goal("left 10 s after a burst of 100,000, %", 25, each("memory/left_after_10s/{}/count:100000", "left_percent")),
]

MANY_WORKERS = (4, 8, 16, 32, 64)

LATENCY = [
    Goal("wake-up of an idle worker over a plain thread's, median", 1,
         ratio("wakeup/spawn/{}/workers:1", "wakeup/spawn/std/workers:1", "p50_us"), why="wakeup"),
    Goal("the same, p99 over that median", 3,
         ratio("wakeup/spawn/{}/workers:1", "wakeup/spawn/std/workers:1", "p99_us", "p50_us"), why="wakeup"),
    Goal("spawn from a plain thread, ns to return", 300, each("outside/spawn/{}/workers:1"), why="outside"),
    Goal("run_blocking, round trip over two plain wake-ups", 1,
         ratio("outside/blocking/{}/workers:1", "outside/blocking/std/workers:1"), why="blocking"),
    Goal("cancel of a waiting task, worst kind of wait, p99, µs", 1000, worst("cancel", "p99_us"), why="cancel"),
    Goal("the same, cancelled by a plain thread while all workers sleep", 1000, worst("cancel", "p99_us", "{}_by_thread"), peers=False, why="cancel"),
    Goal("timers, late below 70 % load, p99, µs", 2000, worst("timers", "p99_us"), why="timers"),
    Goal("overload, p99 over a FIFO's", 3, ratio("overload/posted/{}/workers:2", "overload/posted/fifo/workers:2", "p99_us")),
    Goal("future ping-pong with 2 workers, ns", 80, each("promise/ping_pong/{}/workers:2"), why="hand-over"),
    Goal("start and stop of a runtime, ns", 500_000, each("outside/start_stop/{}/workers:2")),
    Goal("10,000 parked tasks for 2 s, CPU ms", 0.1, each("idle/10k/{}/workers:2", "cpu_ms")),
    Goal("the same, context switches/s", 1, each("idle/10k/{}/workers:2", "switches_per_s")),
    Goal("tree of tasks, the slowest of 4 to 64 workers over 2", 1.15,
         slowest("scaling/tree/{}/workers:{}", "scaling/tree/{}/workers:2", MANY_WORKERS), why="scaling"),
    Goal("pairs over channels, the slowest of 4 to 64 workers over 2", 1.15,
         slowest("scaling/pairs/{}/workers:{}", "scaling/pairs/{}/workers:2", MANY_WORKERS), why="scaling"),
    Goal("compiling <weft/task.hpp> over <future> and <functional>, g++ -O0", 1.5,
         ratio("compile/header/{}/O:0", "compile/header/std/O:0", "cpu_ms"), peers=False),
    Goal("the same, -O2", 1.5, ratio("compile/header/{}/O:2", "compile/header/std/O:2", "cpu_ms"), peers=False),
]

IO = [
    Goal("echo, 50 connections, requests/s over raw epoll's", 0.97,
         ratio("echo/closed/raw_epoll/connections:50", "echo/closed/{}/connections:50"), at_least=True, why="echo"),
    Goal("echo, 1000 connections, the same", 0.97,
         ratio("echo/closed/raw_epoll/connections:1000", "echo/closed/{}/connections:1000"), at_least=True, why="echo"),
    Goal("echo, 50 connections, p99 over raw epoll's", 1,
         ratio("echo/closed/{}/connections:50", "echo/closed/raw_epoll/connections:50", "p99_us"), why="echo"),
    Goal("echo, 1000 connections, p99 over raw epoll's", 1,
         ratio("echo/closed/{}/connections:1000", "echo/closed/raw_epoll/connections:1000", "p99_us"), why="echo"),
    Goal("an idle connection, bytes of memory", 6144, each("echo/idle_connections/{}", "rss_per_task")),
    Goal("HTTP, 50 connections, requests/s over those of Boost.Beast on Asio", 1.1,
         ratio("http/closed/asio_beast/connections:50", "http/closed/{}/connections:50"), at_least=True, why="http"),
    Goal("HTTP, 1000 connections, the same", 1.1,
         ratio("http/closed/asio_beast/connections:1000", "http/closed/{}/connections:1000"), at_least=True, why="http"),
    Goal("HTTP beside 10,000 who never finish their header, p99 over that without them", 2,
         ratio("http/beside_10k_slow/{}/connections:50", "http/closed/{}/connections:50", "p99_us"), why="http"),
] + [
    Goal(f"mixed, 1 % of {rate} requests/s {what} for 20 ms, p99 of the others, µs", goal,
         each(f"mixed/{kind}/{{}}/rate:{rate}", "p99_us"), why="mixed")
    for kind, what in (("burn", "compute"), ("block", "block"), ("lock", "block under one mutex"))
    for rate, goal in ((500, 700), (2000, 1500), (4000, 4000))
]

GOALS = TASKS + WAITING + MEMORY + LATENCY + IO
