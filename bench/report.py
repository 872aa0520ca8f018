#!/usr/bin/env python3
"""Tables in Markdown from what the benchmarks wrote (--benchmark_format=json, one file each).

    bench/report.py [--into docs/benchmarks.md] FILE.json...

Prints them, or with --into puts each between its markers <!-- bench:NAME --> and <!-- /bench --> of that page.
Every figure is the median of the repetitions, with the least and the greatest behind it. Ends with 1 if a row failed.
"""
import argparse
import json
import re
import statistics
import sys

# Counters in the order of their columns: name -> (title, factor, digits).
COLUMNS = {
    "per_item": ("ns each", 1e9, 1),
    "steals": ("steals per 1000", 1, 2),
    "rss_per_task": ("bytes of memory each", 1, 0),
    "page_tables_per_task": ("of page tables each", 1, 0),
    "handle": ("of handle each", 1, 0),
    "mappings": ("mappings", 1, 0),
    "unguarded_stacks": ("unguarded stacks", 1, 0),
    "left_percent": ("% left after 10 s", 1, 1),
    "cpu_ms": ("CPU ms", 1, 2),
    "over_1s_ms": ("ms over 1 s", 1, 0),
    "latest_ms": ("latest, ms", 1, 1),
    "switches_per_s": ("context switches/s", 1, 1),
}
TIMING = ("process_time", "real_time", "manual_time")
PROBLEMS = {"fib", "parallel", "spawn_join", "yield", "promise", "group", "gather", "timeout", "mutex", "semaphore", "event",
            "condition", "channel", "queue", "select", "scaling", "sleepers", "memory", "idle"}
ORDER = ["weft", "weft_fork", "weft_invoke", "tbb", "boost_fiber", "std", "serial"]  # others after their namesake


def read(files):
    """{(problem, case, parameters, library): {counter: [value of each repetition]}}, context, failures"""
    rows, context, failures = {}, {}, []
    for name in files:
        with open(name, encoding="utf-8") as file:
            data = json.load(file)
        context = context or data["context"]
        for run in data["benchmarks"]:
            if run["run_type"] != "iteration":
                continue
            problem, case, library, *rest = run["run_name"].split("/")
            rest = [p for p in rest if p not in TIMING and not p.startswith(("iterations:", "repeats:", "min_time:"))]
            if run.get("error_occurred"):
                failures.append(f"{run['run_name']}: {run['error_message']}")
                continue
            row = rows.setdefault((problem, case, ", ".join(p.replace(":", " ") for p in rest), library), {})
            for counter in COLUMNS:
                if counter in run:
                    row.setdefault(counter, []).append(run[counter])
    return rows, context, failures


def cell(values, factor, digits):
    low, middle, high = (f"{f(values) * factor:,.{digits}f}" for f in (min, statistics.median, max))
    return middle if low == high else f"{middle} ({low}–{high})"


def rank(library):
    base = next((i for i, name in enumerate(ORDER) if library == name or library.startswith(name)), len(ORDER))
    return (ORDER.index(library) if library in ORDER else base + 0.5, library)


def table(rows, problem):
    mine = {key: row for key, row in rows.items() if key[0] == problem}
    columns = [c for c in COLUMNS if any(c in row for row in mine.values())]
    main = columns[0]
    lines = ["| case | library | " + " | ".join(COLUMNS[c][0] for c in columns) + " | over weft | n |",
             "|---|---|" + "---:|" * (len(columns) + 2)]
    groups = sorted({key[1:3] for key in mine}, key=lambda g: (g[0], [int(n) for n in re.findall(r"\d+", g[1])]))
    for case, parameters in groups:
        of_group = {key[3]: row for key, row in mine.items() if key[1:3] == (case, parameters)}
        weft = of_group.get("weft", {}).get(main)
        for library in sorted(of_group, key=rank):
            row = of_group[library]
            cells = [cell(row[c], *COLUMNS[c][1:]) if c in row else "" for c in columns]
            ratio = ""
            if weft and main in row and library != "weft" and statistics.median(weft) > 0:
                ratio = f"{statistics.median(row[main]) / statistics.median(weft):.2f}"
            n = max(len(values) for values in row.values())
            lines.append(f"| {case}, {parameters} | {library} | {' | '.join(cells)} | {ratio} | {n} |")
    return "\n".join(lines)


def goals(rows):
    """The figures that have a goal. A goal is a bound: '<=' or '>='."""

    def figure(name, counter="per_item"):
        problem, case, library, *rest = name.split("/")
        values = rows.get((problem, case, ", ".join(p.replace(":", " ") for p in rest), library), {}).get(counter)
        if values is None:
            raise KeyError(name)
        return statistics.median(values) * COLUMNS[counter][1]

    fib = "fib/spawn/weft/n:30/workers:"
    all_goals = [
        ("fib, spawn + get, 1 worker, ns", lambda: figure(fib + "1"), "<=", 12),
        ("the same, oneTBB's better form over it",
         lambda: min(figure(f"fib/{form}/tbb/n:30/workers:1") for form in ("spawn", "fork")) / figure(fib + "1"),
         ">=", 7),
        ("fib, fork + get, 1 worker, ns", lambda: figure("fib/fork/weft/n:30/workers:1"), "<=", 9),
        ("fib, gain of 2 workers over that of 2 plain threads",
         lambda: figure(fib + "1") / figure(fib + "2")
         / (figure("fib/calls/serial/n:35/workers:1") / figure("fib/calls/serial/n:35/workers:2")), ">=", 0.95),
        ("spawn + join one, ns", lambda: figure("spawn_join/one/weft/workers:1"), "<=", 15),
        ("spawn 1000, join all, ns each", lambda: figure("spawn_join/thousand/weft/workers:1"), "<=", 15),
        ("yield, 2 fibers, ns", lambda: figure("yield/all/weft/workers:1/fibers:2"), "<=", 9),
        ("yield, 1000 fibers, ns", lambda: figure("yield/all/weft/workers:1/fibers:1000"), "<=", 12),
        ("yield, 2 fibers, Boost.Fiber over it",
         lambda: figure("yield/all/boost_fiber/workers:1/fibers:2") / figure("yield/all/weft/workers:1/fibers:2"),
         ">=", 3),
        ("promise set + get, ns", lambda: figure("promise/same_task/weft/workers:1"), "<=", 25),
        ("future ping-pong, round trip, ns", lambda: figure("promise/ping_pong/weft/workers:1"), "<=", 80),
        ("task group of 1000, ns each", lambda: figure("group/thousand/weft/workers:1"), "<=", 25),
        ("with_timeout around what is ready, ns",
         lambda: figure("timeout/ready/weft/workers:1") - figure("timeout/ready/weft_bare/workers:1"), "<=", 15),
        ("with_timeout around what suspends once, ns",
         lambda: figure("timeout/suspends_once/weft/workers:1") - figure("timeout/suspends_once/weft_bare/workers:1"),
         "<=", 60),
        ("mutex, lock and unlock, over std::mutex's",
         lambda: figure("mutex/alone/weft/workers:1") / figure("mutex/alone/std/workers:1"), "<=", 1.2),
        ("mutex, 8 tasks on 2 workers, ns", lambda: figure("mutex/eight/weft/workers:2"), "<=", 15),
        ("channel ping-pong, round trip, ns", lambda: figure("channel/ping_pong/weft/workers:1"), "<=", 50),
        ("queue of 1024, 1 producer, 1 consumer, ns an item",
         lambda: figure("queue/put_and_get/weft/workers:1/pairs:1/capacity:1024"), "<=", 12),
        ("queue of 1024, 4 and 4, ns an item",
         lambda: figure("queue/put_and_get/weft/workers:1/pairs:4/capacity:1024"), "<=", 15),
        ("queue of 1024, 1 and 1, 2 workers over 1",
         lambda: figure("queue/put_and_get/weft/workers:2/pairs:1/capacity:1024")
         / figure("queue/put_and_get/weft/workers:1/pairs:1/capacity:1024"), "<=", 1.3),
        ("unstarted task, bytes", lambda: figure("memory/unstarted/weft/count:100000", "rss_per_task"), "<=", 192),
        ("suspended task, bytes", lambda: figure("memory/suspended/weft/count:100000", "rss_per_task"), "<=", 4608),
        ("suspended task, page tables, bytes",
         lambda: figure("memory/suspended/weft/count:100000", "page_tables_per_task"), "<=", 1100),
        ("1,000,000 suspended, stacks without a guard",
         lambda: figure("memory/suspended/weft/count:1000000", "unguarded_stacks"), "<=", 0),
        ("left 10 s after a burst of 100,000, %",
         lambda: figure("memory/left_after_10s/weft/count:100000", "left_percent"), "<=", 25),
        ("10,000 parked tasks for 2 s, CPU ms", lambda: figure("idle/10k/weft/workers:2", "cpu_ms"), "<=", 0.1),
        ("the same, context switches/s", lambda: figure("idle/10k/weft/workers:2", "switches_per_s"), "<=", 1),
    ]
    lines = ["| what | goal | measured | |", "|---|---:|---:|---|"]
    for what, measure, relation, bound in all_goals:
        try:
            value = measure()
        except (KeyError, ZeroDivisionError):
            lines.append(f"| {what} | {'≤' if relation == '<=' else '≥'} {bound:,} | – | not measured |")
            continue
        met = value <= bound if relation == "<=" else value >= bound
        lines.append(f"| {what} | {'≤' if relation == '<=' else '≥'} {bound:,} | {value:,.2f} | "
                     f"{'met' if met else '**missed**'} |")
    return "\n".join(lines)


def machine(context):
    keep = [("cpu", "{}"), ("num_cpus", "{} CPUs"), ("kernel", "Linux {}"), ("compiler", "g++ {}"),
            ("onetbb", "oneTBB {}"), ("boost", "Boost {}"), ("assertions", "assertions {}")]
    text = ", ".join(form.format(str(context[key]).split("-")[0]) for key, form in keep if key in context)
    text = text.replace("1_", "1.")
    load = context.get("load_avg") or [0]
    return f"{context.get('date', '')[:10]}: {text}; load before the run {load[0]:.1f}."


def main():
    arguments = argparse.ArgumentParser(description="Markdown tables of benchmark results")
    arguments.add_argument("--into", metavar="PAGE")
    arguments.add_argument("files", nargs="+")
    arguments = arguments.parse_args()
    rows, context, failures = read(arguments.files)
    problems = list(dict.fromkeys(key[0] for key in rows))
    parts = {"machine": machine(context), "goals": goals(rows), **{p: table(rows, p) for p in problems}}
    if arguments.into:
        with open(arguments.into, encoding="utf-8") as file:
            page = file.read()
        if not PROBLEMS.issubset(problems):  # a part of the benchmarks says nothing about the other goals
            del parts["goals"]
        for name, text in parts.items():
            pattern = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench -->)", re.DOTALL)
            page, found = pattern.subn(lambda m, text=text: m[1] + text + "\n" + m[2], page)
            if not found:
                failures.append(f"{arguments.into}: no place for the table of {name}")
        with open(arguments.into, "w", encoding="utf-8") as file:
            file.write(page)
    else:
        for name, text in parts.items():
            print(f"## {name}\n{text}\n")
    for failure in failures:
        print("failed:", failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
